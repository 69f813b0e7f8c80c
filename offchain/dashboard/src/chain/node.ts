/** A node's raw answers over JSON-RPC. */

import { decodeFunctionResult, encodeFunctionData, numberToHex, type Abi, type Hex } from "viem";

import { UserError } from "../errors";
import type { RawLog } from "../wallet/events";

const ANSWER_MILLISECONDS = 30_000;

export interface Block {
  readonly number: Hex;
  readonly hash: Hex;
  readonly timestamp: Hex;
}

/** The node answered, with an error. */
export class NodeRefusal extends UserError {}

/** A node at a URL. */
export class Node {
  private calls = 0;

  constructor(readonly url: string) {}

  /** The result of a call. Throws NodeRefusal for an error of the node's, UserError if there is no answer. */
  async call<T>(method: string, ...params: unknown[]): Promise<T> {
    let answer: { result?: T; error?: { message?: string } };
    try {
      const response = await fetch(this.url, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ jsonrpc: "2.0", id: ++this.calls, method, params }),
        signal: AbortSignal.timeout(ANSWER_MILLISECONDS),
        credentials: "omit",
        referrerPolicy: "no-referrer",
      });
      answer = (await response.json()) as typeof answer;
    } catch {
      throw new UserError("nodeSilent");
    }
    if (answer.error) throw new NodeRefusal("nodeRefused", { method, reason: String(answer.error.message).slice(0, 300) });
    return answer.result as T;
  }

  /** What a contract's view returns. Throws NodeRefusal if the contract refuses, UserError if there is no answer. */
  async ask<T>(to: Hex, abi: Abi, functionName: string, args: unknown[] = [], block = "latest"): Promise<T> {
    const data = encodeFunctionData({ abi, functionName, args });
    const result = await this.call<Hex>("eth_call", { to, data }, block);
    try {
      return decodeFunctionResult({ abi, functionName, data: result }) as T;
    } catch {
      throw new NodeRefusal("nodeRefused", { method: functionName, reason: "no such contract" });
    }
  }

  /** The chain's EIP-155 id. */
  async chainId(): Promise<number> {
    return Number(await this.call<Hex>("eth_chainId"));
  }

  /** Number of the latest block. */
  async height(): Promise<number> {
    return Number(await this.call<Hex>("eth_blockNumber"));
  }

  /** The time of the next block, in Unix seconds: chains may mine only when something waits. */
  async time(): Promise<number> {
    const block =
      (await this.call<Block | null>("eth_getBlockByNumber", "pending", false)) ??
      (await this.call<Block>("eth_getBlockByNumber", "latest", false));
    return Number(block.timestamp);
  }

  /** A block's header, null if there is none of that number. */
  block(number: number): Promise<Block | null> {
    return this.call("eth_getBlockByNumber", numberToHex(number), false);
  }

  /** A block's hash, null if there is none of that number. */
  async blockHash(number: number): Promise<Hex | null> {
    return (await this.block(number))?.hash ?? null;
  }

  /** All logs of the contracts in a range of blocks; of several topics in one place each fits. */
  logs(addresses: Hex[], first: number, last: number, topics: (Hex | Hex[] | null)[] = []): Promise<RawLog[]> {
    const range = { fromBlock: numberToHex(first), toBlock: numberToHex(last) };
    return this.call("eth_getLogs", { address: addresses, ...range, ...(topics.length ? { topics } : {}) });
  }

  /** Whether there is a contract at an address after a block, named by number or tag. */
  async hasCode(address: Hex, block: Hex | "latest"): Promise<boolean> {
    const code = await this.call<Hex | null>("eth_getCode", address, block);
    return code !== null && code !== "0x";
  }

  /** The block of a contract's deployment; 0 if the node doesn't remember, so that nothing is missed. */
  async firstBlockWithCode(address: Hex): Promise<number> {
    let [low, high] = [0, await this.height()];
    try {
      while (low < high) {
        const middle = Math.floor((low + high) / 2);
        if (await this.hasCode(address, numberToHex(middle))) high = middle;
        else low = middle + 1;
      }
    } catch (error) {
      if (!(error instanceof NodeRefusal)) throw error;
      return 0;
    }
    return low;
  }
}
