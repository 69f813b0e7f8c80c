/** A finished operation: proof, public signals and terms, ready for an own account or for a relayer.
 *
 * It holds no secrets but the note that pays the relayer, encrypted to the relayer, and goes over the wire as JSON. */

import {
  bytesToHex,
  concatHex,
  encodeAbiParameters,
  keccak256,
  numberToHex,
  parseAbiParameters,
  toFunctionSelector,
  type Hex,
} from "viem";

import { MODULUS } from "../zk/field";
import { proofNumbers, type Proof } from "../zk/proof";

/** As relayer: any account may send it. */
export const ANYONE: Hex = "0x0000000000000000000000000000000000000000";

/** What a context hash is made for, in the order of `IZkERC20.Operation`; the names are the contracts' functions. */
export const OPERATIONS = ["transfer", "consolidate", "unshield", "swap", "issue", "settle"] as const;
export type Operation = (typeof OPERATIONS)[number];

const PROOF = "(uint256[2],uint256[2][2],uint256[2])";
const TERMS = "(address,uint256,bytes)";
const ORDER = "(address,uint256,uint256)";

/** What an operation is bound to beside its proof: who must send it (`ANYONE`: any account), the last second (Unix time)
 * at which it may be mined, and the new notes' ciphertexts. */
export interface Terms {
  readonly relayer: Hex;
  readonly deadline: number;
  readonly ciphertexts: Uint8Array;
}

/** What a swap wants: an asset, the least of it, and whom its note is made out to. */
export interface SwapOrder {
  readonly asset: Hex;
  readonly minimum: bigint;
  readonly npk: bigint;
}

/** The recipient of an unshield, the order of a swap. */
export type Details = Hex | SwapOrder | undefined;

/** A call of `contract` on chain `chainId`. */
export interface Request {
  readonly operation: Operation;
  readonly chainId: number;
  readonly contract: Hex;
  readonly proof: Proof;
  readonly signals: bigint[];
  readonly terms: Terms;
  readonly details?: Details;
}

/** Data of the transaction to the request's contract. */
export function calldataOf({ operation, proof, signals, terms, details }: Request): Hex {
  const more = details === undefined ? [] : typeof details === "string" ? ["address"] : [ORDER];
  const kinds = [PROOF, `uint256[${signals.length}]`, TERMS, ...more].join(",");
  const values = [
    [proof.a, proof.b, proof.c],
    signals,
    [terms.relayer, BigInt(terms.deadline), bytesToHex(terms.ciphertexts)],
    ...(details === undefined ? [] : [typeof details === "string" ? details : orderValues(details)]),
  ];
  return concatHex([toFunctionSelector(`${operation}(${kinds})`), encodeAbiParameters(parseAbiParameters(kinds), values)]);
}

/** One line of JSON, as a relayer takes it; numbers are hexadecimal texts. */
export function requestJson(request: Request): string {
  const { operation, chainId, contract, proof, signals, terms, details } = request;
  const more =
    details === undefined
      ? {}
      : typeof details === "string"
        ? { recipient: details }
        : { order: { asset: details.asset, minimum: numberToHex(details.minimum), npk: numberToHex(details.npk) } };
  return JSON.stringify({
    operation,
    chain_id: chainId,
    contract,
    proof: proofNumbers(proof).map((number) => numberToHex(number)),
    signals: signals.map((signal) => numberToHex(signal)),
    relayer: terms.relayer,
    deadline: terms.deadline,
    ciphertexts: bytesToHex(terms.ciphertexts),
    ...more,
  });
}

/** What binds a proof to all that the contract reads beside it, modulo the field (docs/concepts/protocol.md). */
export function contextHash(chainId: number, contract: Hex, operation: Operation, terms: Terms, details: Details): bigint {
  const kinds = parseAbiParameters("uint256, address, uint8, address, uint256, bytes32, bytes32");
  const encoded = encodeAbiParameters(kinds, [
    BigInt(chainId),
    contract,
    OPERATIONS.indexOf(operation),
    terms.relayer,
    BigInt(terms.deadline),
    keccak256(terms.ciphertexts),
    boundDetails(details),
  ]);
  return BigInt(keccak256(encoded)) % MODULUS;
}

function boundDetails(details: Details): Hex {
  if (details === undefined) return numberToHex(0, { size: 32 });
  if (typeof details === "string") return keccak256(encodeAbiParameters([{ type: "address" }], [details]));
  return keccak256(encodeAbiParameters(parseAbiParameters("address, uint256, uint256"), orderValues(details)));
}

function orderValues({ asset, minimum, npk }: SwapOrder): [Hex, bigint, bigint] {
  return [asset, minimum, npk];
}
