/** A relayer as a wallet sees it. What the relayer says is checked on the wallet's own node. */

import type { Hex } from "viem";

import { assetAt } from "../chain/assets";
import type { Network } from "../chain/network";
import type { Node } from "../chain/node";
import { UserError } from "../errors";
import { Address } from "../wallet/address";
import { AMOUNT_LIMIT } from "../wallet/asset";
import type { Relay, Submitter } from "../wallet/relay";
import { calldataOf, requestJson, type Operation, type Request } from "../wallet/request";

const TERMS_MILLISECONDS = 10_000;
const SUBMIT_MILLISECONDS = 60_000;
const CONFIRM_MILLISECONDS = 60_000;
const POLL_MILLISECONDS = 300;
const LARGEST_ANSWER = 65_536;

type Answer = Record<string, unknown>;

/** A relayer at a URL, for one network. */
export class RelayerClient implements Submitter {
  private terms: Promise<Answer> | null = null;

  constructor(
    private readonly url: string,
    private readonly node: Node,
    private readonly network: Network,
  ) {}

  /** The account that it sends from. Throws UserError if it doesn't answer, or is of another network. */
  async account(): Promise<string> {
    return String((await this.ownTerms()).account);
  }

  /** Its terms for an operation. Throws UserError if it doesn't take the asset, or is of another pool. */
  async relay(operation: Operation, asset: Hex): Promise<Relay> {
    const terms = await this.ownTerms();
    let fee: bigint | null;
    let found: { account: Hex; address: Address };
    try {
      const text = (terms.fees as Record<string, Record<string, string>>)[asset]?.[operation];
      fee = text === undefined ? null : BigInt(text);
      found = { account: terms.account as Hex, address: Address.parse(String(terms.address)) };
    } catch {
      throw new UserError("relayerTerms");
    }
    if (fee === null || fee < 0n || fee >= AMOUNT_LIMIT) {
      throw new UserError("relayerAsset", { asset: assetAt(this.network, asset).name, operation });
    }
    return { ...found, fee };
  }

  /** Has a request sent and waits until the wallet's own node has it mined; gives the transaction's hash.
   *
   * Throws UserError: if there is no answer, the operation may still be mined until its deadline. */
  async submit(request: Request): Promise<Hex> {
    const end = Date.now() + CONFIRM_MILLISECONDS;
    for (;;) {
      const { transaction, status } = await this.ask("POST", "requests", SUBMIT_MILLISECONDS, requestJson(request));
      if (status === "failed") throw new UserError("relayedFailed", { transaction: String(transaction) });
      if (typeof transaction !== "string" || (status !== "mined" && status !== "pending")) {
        throw new UserError("relayerAnswer");
      }
      if (status === "mined") {
        await this.confirm(transaction as Hex, request, end);
        return transaction as Hex;
      }
      if (Date.now() > end) throw new UserError("relayedPending", { transaction });
    }
  }

  private async confirm(transaction: Hex, request: Request, end: number): Promise<void> {
    for (;;) {
      const receipt = await this.node.call<{ status: Hex } | null>("eth_getTransactionReceipt", transaction);
      if (receipt) {
        const sent = await this.node.call<{ input: Hex } | null>("eth_getTransactionByHash", transaction);
        if (receipt.status === "0x1" && sent?.input === calldataOf(request)) return;
        throw new UserError("relayedOther", { transaction });
      }
      if (Date.now() > end) throw new UserError("relayedMissing", { transaction });
      await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
    }
  }

  private async ownTerms(): Promise<Answer> {
    this.terms ??= this.ask("GET", "terms", TERMS_MILLISECONDS);
    let terms: Answer;
    try {
      terms = await this.terms;
    } catch (error) {
      this.terms = null;
      throw error;
    }
    const { chainId, pool, registry } = this.network;
    if (terms.chain_id !== chainId || terms.pool !== pool || terms.registry !== registry) {
      throw new UserError("relayerNetwork");
    }
    return terms;
  }

  private async ask(method: string, path: string, milliseconds: number, body?: string): Promise<Answer> {
    let status: number;
    let text: string;
    try {
      const answer = await fetch(`${this.url.replace(/\/$/, "")}/${path}`, {
        method,
        body,
        headers: body === undefined ? {} : { "Content-Type": "application/json" },
        signal: AbortSignal.timeout(milliseconds),
        credentials: "omit",
        redirect: "error",
        referrerPolicy: "no-referrer",
      });
      status = answer.status;
      text = await answer.text();
    } catch {
      throw new UserError("relayerSilent");
    }
    const content = objectOf(text);
    if (!content) throw new UserError("relayerOther");
    if (status >= 400) throw new UserError("relayerRefused", { reason: String(content.error ?? status).slice(0, 300) });
    return content;
  }
}

function objectOf(text: string): Answer | null {
  if (text.length > LARGEST_ANSWER) return null;
  try {
    const content: unknown = JSON.parse(text);
    return typeof content === "object" && content !== null && !Array.isArray(content) ? (content as Answer) : null;
  } catch {
    return null;
  }
}
