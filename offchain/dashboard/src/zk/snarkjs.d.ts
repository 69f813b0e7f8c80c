/** The part of snarkjs that the wallet uses; the package has no types of its own. */
declare module "snarkjs" {
  import type { SnarkjsProof } from "./proof";

  type InMemory = { type: "mem"; data?: Uint8Array };

  export const wtns: {
    calculate(inputs: Record<string, unknown>, wasm: InMemory, wtns: InMemory): Promise<void>;
  };
  export const groth16: {
    prove(zkey: InMemory, wtns: InMemory): Promise<{ proof: SnarkjsProof; publicSignals: string[] }>;
    verify(key: unknown, signals: string[], proof: SnarkjsProof): Promise<boolean>;
  };
}
