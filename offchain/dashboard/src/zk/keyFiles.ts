/** The circuits' files from the page's origin, checked against the manifest that lies beside them. */

import { sha256 } from "@noble/hashes/sha2";
import { bytesToHex } from "@noble/hashes/utils";

import { UserError } from "../errors";
import type { CircuitName } from "./circuits";
import type { CircuitFiles, FindFiles, ProofProgress } from "./prover";

/** SHA-256 of each file, by circuit. */
type Manifest = { circuits: { [circuit: string]: { wasm: string; zkey: string; vkey: string } } };

/** Fetches files below a URL that ends in a slash; what was fetched stays in memory. */
export function keyFiles(base: string): FindFiles {
  const found = new Map<CircuitName, CircuitFiles>();
  return async (circuit, progress) => {
    const known = found.get(circuit) ?? (await fetchFiles(base, circuit, progress));
    found.set(circuit, known);
    return known;
  };
}

async function fetchFiles(base: string, circuit: CircuitName, progress: ProofProgress): Promise<CircuitFiles> {
  progress("keys", 0);
  const manifest = JSON.parse(text(await download(new URL("manifest.json", base)))) as Manifest;
  const hashes = manifest.circuits[circuit];
  const part = async (kind: "wasm" | "zkey" | "vkey", name: string, tell?: (share: number) => void) => {
    const data = await download(new URL(name, base), tell);
    if (bytesToHex(sha256(data)) !== hashes[kind]) throw new UserError("keysDamaged", { name });
    return data;
  };
  const vkey: unknown = JSON.parse(text(await part("vkey", `${circuit}.vkey.json`)));
  const wasm = await part("wasm", `${circuit}.wasm`);
  const zkey = await part("zkey", `${circuit}.zkey`, (share) => progress("keys", share));
  return { wasm, zkey, vkey };
}

async function download(url: URL, tell: (share: number) => void = () => undefined): Promise<Uint8Array> {
  try {
    const answer = await fetch(url);
    if (!answer.ok || !answer.body) throw new TypeError(answer.statusText);
    const size = Number(answer.headers.get("Content-Length"));
    const parts: Uint8Array[] = [];
    let length = 0;
    const reader = answer.body.getReader();
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
      parts.push(value!);
      length += value!.length;
      if (size) tell(Math.min(1, length / size));
    }
    const data = new Uint8Array(length);
    let at = 0;
    for (const one of parts) {
      data.set(one, at);
      at += one.length;
    }
    return data;
  } catch {
    throw new UserError("keysMissing", { name: url.pathname });
  }
}

function text(data: Uint8Array): string {
  return new TextDecoder().decode(data);
}
