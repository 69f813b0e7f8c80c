/** A Groth16 proof as contracts take it. */

export type Pair = readonly [bigint, bigint];

/** The proof as snarkjs gives it: decimal texts, real parts first. */
export interface SnarkjsProof {
  pi_a: string[];
  pi_b: string[][];
  pi_c: string[];
}

/** Points over BN254; `b` in the order of EIP-197, imaginary part first. */
export interface Proof {
  readonly a: Pair;
  readonly b: readonly [Pair, Pair];
  readonly c: Pair;
}

/** The proof of its eight numbers in the contracts' order. */
export function proofFromNumbers(numbers: bigint[]): Proof {
  const [ax, ay, b0, b1, b2, b3, cx, cy] = numbers;
  return { a: [ax, ay], b: [[b0, b1], [b2, b3]], c: [cx, cy] };
}

/** The proof of snarkjs's output. */
export function proofFromSnarkjs({ pi_a, pi_b, pi_c }: SnarkjsProof): Proof {
  const b = pi_b.slice(0, 2).flatMap(([real, imaginary]) => [imaginary, real]);
  return proofFromNumbers([...pi_a.slice(0, 2), ...b, ...pi_c.slice(0, 2)].map(BigInt));
}

/** All eight, in the contracts' order. */
export function proofNumbers(proof: Proof): bigint[] {
  return [...proof.a, ...proof.b[0], ...proof.b[1], ...proof.c];
}
