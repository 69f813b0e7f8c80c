/** The wallet on a real chain, with a real relayer and a real proof. `tests/dashboard/test_wallet_on_chain.py` starts both
 * and says in `OPENMG_CHAIN`, a file's name, what is there; without it nothing is run. */

import { readFileSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";

import type { Hex } from "viem";
import { beforeAll, describe, expect, it } from "vitest";

import { parseAmount } from "../src/chain/assets";
import { networkOf } from "../src/chain/network";
import { RelayerClient } from "../src/relayer/client";
import { Address } from "../src/wallet/address";
import { Seed } from "../src/wallet/keys";
import { Wallet } from "../src/wallet/wallet";
import { ETH } from "../src/wallet/asset";
import { prover, type FindFiles } from "../src/zk/prover";

const { OPENMG_CHAIN } = process.env;

interface Scene {
  network: unknown;
  words: string;
  receiver: string;
  recipient: Hex;
  keys: string;
  told: string;
}

const CHAIN_SECONDS = 300;

describe.skipIf(!OPENMG_CHAIN)("a wallet on a chain", () => {
  const stages: string[] = [];
  let scene: Scene;
  let wallet: Wallet;
  let relayer: RelayerClient;

  const files: FindFiles = async (circuit) => ({
    wasm: new Uint8Array(await readFile(`${scene.keys}/${circuit}.wasm`)),
    zkey: new Uint8Array(await readFile(`${scene.keys}/${circuit}.zkey`)),
    vkey: JSON.parse(await readFile(`${scene.keys}/${circuit}.vkey.json`, "utf8")),
  });

  const held = (): (string | bigint)[][] => wallet.balances().map((one) => [one.asset, one.spendable, one.waiting]);

  const flushed = async (): Promise<void> => {
    for (;;) {
      await wallet.sync();
      if (!wallet.holding(ETH).waiting.length) return;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  };

  beforeAll(() => {
    scene = JSON.parse(readFileSync(OPENMG_CHAIN!, "utf8")) as Scene;
    const network = networkOf(scene.network, "http://127.0.0.1/");
    const prove = prover(files, (stage) => stages.push(stage));
    wallet = new Wallet(Seed.fromWords(scene.words).keys(), network, prove);
    relayer = new RelayerClient(network.relayer!, wallet.node, network);
  });

  it("finds from its words what was shielded to it", async () => {
    await wallet.sync();
    expect(held()).toEqual([[ETH, parseAmount("3"), 0n]]);
    expect(wallet.history().map((entry) => entry.kind)).toEqual(["shielded", "shielded"]);
  });

  it(
    "pays privately through a relayer, from two notes",
    async () => {
      const { fee } = await relayer.relay("transfer", ETH);
      await wallet.send(Address.parse(scene.receiver), parseAmount("2.5"), ETH, relayer);
      expect(stages).toEqual(["witness", "proof", "verification"]);
      await flushed();
      expect(held()).toEqual([[ETH, parseAmount("0.5") - fee, 0n]]);
      const [last] = wallet.history().slice(-1);
      expect(last).toMatchObject({ kind: "sent", amount: parseAmount("2.5"), fee, counterparty: scene.receiver });
    },
    CHAIN_SECONDS * 1000,
  );

  it(
    "pays out to a public account",
    async () => {
      await wallet.unshield(scene.recipient, parseAmount("0.25"), ETH, relayer);
      await flushed();
      const [last] = wallet.history().slice(-1);
      expect(last).toMatchObject({ kind: "unshielded", amount: parseAmount("0.25"), counterparty: scene.recipient });
    },
    CHAIN_SECONDS * 1000,
  );

  it("refuses what it doesn't have, what is no account, and another chain", async () => {
    const receiver = Address.parse(scene.receiver);
    await expect(wallet.send(receiver, parseAmount("2"), ETH, relayer)).rejects.toThrow("not enough: ");
    await expect(wallet.unshield("0x12", 1n, ETH, relayer)).rejects.toThrow("no account that can be paid");
    const elsewhere = networkOf({ ...(scene.network as object), chain_id: 1 }, "http://127.0.0.1/");
    const lost = new Wallet(Seed.new().keys(), elsewhere, () => Promise.reject(new Error("not reached")));
    await expect(lost.sync()).rejects.toThrow("wrong network");
    await expect(new RelayerClient(elsewhere.relayer!, lost.node, elsewhere).relay("transfer", ETH)).rejects.toThrow(
      "of another network",
    );
  });

  it("tells what it has read, for Python to compare", () => {
    const lines = wallet.history().map(({ kind, asset, amount, fee, transaction, block, time, counterparty }) => {
      return [kind, asset, String(amount), transaction, block, time, String(fee), counterparty ?? ""];
    });
    writeFileSync(scene.told, JSON.stringify(lines));
  });
});
