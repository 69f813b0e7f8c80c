/** The client of the API against a real HTTP server, and what its answers are held against. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { afterAll, beforeAll, describe, expect, it, test } from "vitest";

import { networkOf } from "../src/chain/network";
import { cost } from "../src/api/advice";
import { ApiClient } from "../src/api/client";
import { parseKey } from "../src/api/key";
import { trade } from "../src/api/market";
import { amount, fields, list, money, number, oneOf, optional, text } from "../src/api/shape";
import { UserError } from "../src/errors";

const KEY = `omg_${"1f".repeat(8)}_${"2e".repeat(32)}`;

describe("a client of the API", () => {
  let server: Server;
  let client: ApiClient;
  let answer: (request: IncomingMessage, response: ServerResponse) => void;

  const problem = (status: number, detail: string, headers: Record<string, string> = {}) => {
    answer = (_, response) =>
      void response.writeHead(status, { "Content-Type": "application/problem+json", ...headers }).end(JSON.stringify({ detail }));
  };
  const fault = async (asked: Promise<unknown>): Promise<UserError> => {
    const found = await asked.then(
      () => null,
      (error: unknown) => error,
    );
    expect(found).toBeInstanceOf(UserError);
    return found as UserError;
  };

  beforeAll(async () => {
    server = createServer((request, response) => answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    client = new ApiClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  });

  afterAll(() => server.close());

  it("sends query and key, and nothing that could follow a person", async () => {
    let seen: IncomingMessage | null = null;
    answer = (request, response) => {
      seen = request;
      response.end(JSON.stringify({ n: 7 }));
    };
    const found = await client.with(KEY).get("v1/x", fields({ n: number }), { a: 1, b: undefined, c: "& ä" });
    expect(found).toEqual({ n: 7 });
    expect(seen!.url).toBe("/v1/x?a=1&c=%26+%C3%A4");
    expect(seen!.headers.authorization).toBe(`Bearer ${KEY}`);
    expect(seen!.headers.cookie).toBeUndefined();
    expect(seen!.headers.referer).toBeUndefined();
    await client.get("v1/x", fields({ n: number }));
    expect(seen!.headers.authorization).toBeUndefined();
  });

  test.each([
    [401, "apiKeyUnknown"],
    [403, "apiKeyScope"],
    [404, "apiNothing"],
    [422, "apiRefused"],
    [500, "apiDown"],
    [503, "apiDown"],
  ])("names status %i", async (status, key) => {
    problem(status, "why so");
    const found = await fault(client.get("v1/x", text));
    expect(found.key).toBe(key);
    if (key === "apiNothing" || key === "apiRefused") expect(found.message).toContain("why so");
  });

  it("says when to come again after too many requests", async () => {
    problem(429, "slowly", { "Retry-After": "17" });
    expect((await fault(client.get("v1/x", text))).message).toBe("too many requests: try again in 17 s");
    problem(429, "slowly", { "Retry-After": "soon" });
    expect((await fault(client.get("v1/x", text))).values).toEqual({ seconds: 10 });
  });

  test.each(["", "{", "null", '{"n": "7"}', '{"n": null}', "[]", "<html>"])("can't read %j", async (body) => {
    answer = (_, response) => void response.end(body);
    expect((await fault(client.get("v1/x", fields({ n: number })))).key).toBe("apiAnswer");
  });

  it("follows no redirection with its key", async () => {
    answer = (request, response) =>
      void (request.url === "/v1/x" ? response.writeHead(302, { Location: "/v1/y" }).end() : response.end('"there"'));
    expect((await fault(client.with(KEY).get("v1/x", text))).key).toBe("apiSilent");
  });

  it("says that nobody answers", async () => {
    answer = (request) => void request.socket.destroy();
    expect((await fault(client.get("v1/x", text))).key).toBe("apiSilent");
    expect((await fault(new ApiClient("http://127.0.0.1:1").get("v1/x", text))).key).toBe("apiSilent");
  });

  it("sends a body as JSON", async () => {
    answer = (request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => response.end(JSON.stringify([request.method, Buffer.concat(parts).toString()])));
    };
    expect(await client.post("v1/x", { a: [1] }, list(text))).toEqual(["POST", '{"a":[1]}']);
  });
});

describe("readers of answers", () => {
  it("give what they expect, and leave out the rest", () => {
    const read = fields({ a: amount, b: optional(money), c: list(oneOf("x", "y")) });
    expect(read({ a: "12345678901234567890", c: ["x"], d: 1 })).toEqual({ a: 12345678901234567890n, b: null, c: ["x"] });
    expect(read({ a: "-5", b: "1.50", c: [] })).toEqual({ a: -5n, b: 1.5, c: [] });
  });

  test.each([
    [amount, 5],
    [amount, "0x5"],
    [amount, "1.5"],
    [amount, ""],
    [money, "1e5"],
    [money, Number.NaN],
    [money, Number.POSITIVE_INFINITY],
    [number, "1"],
    [text, 1],
    [oneOf("buy", "sell"), "hold"],
    [list(number), { 0: 1 }],
    [fields({ a: number }), [1]],
    [trade, { side: "buy", eth: "1", tokens: "1", price: "1" }],
    [cost, {}],
  ] as const)("refuse what is none (%#)", (read, value) => {
    expect(() => read(value)).toThrow(TypeError);
  });
});

describe("a key of the API", () => {
  it("is taken with space around it", () => expect(parseKey(` ${KEY}\n`)).toBe(KEY));

  test.each(["", "omg_", KEY.slice(0, -1), `${KEY}0`, KEY.toUpperCase(), "openmg1abc"])("is not %j", (text) => {
    expect(() => parseKey(text)).toThrow("it begins with omg_");
  });
});

describe("the network file", () => {
  const contract = `0x${"12".repeat(20)}`;
  const contracts = { pool: contract, registry: contract, factory: contract };
  const file = { chain_id: 1, node: "http://127.0.0.1:1", tokens: { MG1: contract }, keys: "keys/", ...contracts };
  const read = (more: object) => networkOf({ ...file, ...more }, "https://page/");

  it("names the microgrids' zone, or none", () => {
    expect(read({ zone: "Asia/Seoul" }).zone).toBe("Asia/Seoul");
    expect(read({}).zone).toBeUndefined();
  });

  it.each(["Nowhere/None", 9, ""])("with the zone %j is damaged", (zone) => expect(() => read({ zone })).toThrow("damaged"));
});
