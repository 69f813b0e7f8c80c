/** The platform's HTTP API as a page asks it. `docs/reference/api.md` lists its routes. Every failure is one line. */

import { UserError } from "../errors";
import type { Reader } from "./shape";

const ANSWER_MILLISECONDS = 20_000;
const LARGEST_ANSWER = 4_000_000; // characters
const LONGEST_REASON = 200;
const USUAL_WAIT = 10; // seconds, where a refusal doesn't say

export type Query = Record<string, string | number | undefined>;

/** The API at a URL; `key` opens what its scopes name. */
export class ApiClient {
  private readonly base: string;

  constructor(
    url: string,
    private readonly key: string | null = null,
  ) {
    this.base = url.replace(/\/$/, "");
  }

  /** The same API, asked with a key. */
  with(key: string | null): ApiClient {
    return new ApiClient(this.base, key);
  }

  /** What a route answers, as `read` reads it. Throws UserError. */
  get<T>(path: string, read: Reader<T>, query: Query = {}, signal?: AbortSignal): Promise<T> {
    return this.ask("GET", this.urlOf(path, query), read, undefined, signal);
  }

  /** What a route answers to a body. Throws UserError. */
  post<T>(path: string, body: unknown, read: Reader<T>, signal?: AbortSignal): Promise<T> {
    return this.ask("POST", this.urlOf(path), read, JSON.stringify(body), signal);
  }

  /** The address of a route. */
  urlOf(path: string, query: Query = {}): string {
    const given = Object.entries(query).filter(([, value]) => value !== undefined);
    const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
    return `${this.base}/${path.replace(/^\//, "")}${search && `?${search}`}`;
  }

  private async ask<T>(method: string, url: string, read: Reader<T>, body?: string, signal?: AbortSignal): Promise<T> {
    const { answer, text } = await this.fetched(method, url, body, signal);
    if (!answer.ok) throw refusal(answer, text);
    try {
      if (text.length > LARGEST_ANSWER) throw new TypeError();
      return read(JSON.parse(text));
    } catch {
      throw new UserError("apiAnswer");
    }
  }

  private async fetched(
    method: string,
    url: string,
    body?: string,
    signal?: AbortSignal,
  ): Promise<{ answer: Response; text: string }> {
    const timeout = AbortSignal.timeout(ANSWER_MILLISECONDS);
    const headers: Record<string, string> = {};
    if (this.key) headers.Authorization = `Bearer ${this.key}`;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    try {
      const answer = await fetch(url, {
        method,
        headers,
        body,
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
        cache: "no-store",
        credentials: "omit",
        redirect: "error",
        referrerPolicy: "no-referrer",
      });
      return { answer, text: await answer.text() };
    } catch {
      throw new UserError(timeout.aborted ? "apiSlow" : "apiSilent");
    }
  }
}

function refusal(answer: Response, text: string): UserError {
  const { status } = answer;
  if (status === 401) return new UserError("apiKeyUnknown");
  if (status === 403) return new UserError("apiKeyScope");
  if (status === 404) return new UserError("apiNothing", { reason: detailOf(text) });
  if (status === 429) return new UserError("apiBusy", { seconds: waitOf(answer) });
  if (status >= 500) return new UserError("apiDown");
  return new UserError("apiRefused", { reason: detailOf(text) });
}

/** The line of a problem (RFC 9457). */
function detailOf(text: string): string {
  try {
    const { detail } = JSON.parse(text) as { detail?: unknown };
    return typeof detail === "string" ? detail.slice(0, LONGEST_REASON) : "";
  } catch {
    return "";
  }
}

function waitOf(answer: Response): number {
  const seconds = Number(answer.headers.get("Retry-After"));
  return Number.isInteger(seconds) && seconds > 0 ? seconds : USUAL_WAIT;
}
