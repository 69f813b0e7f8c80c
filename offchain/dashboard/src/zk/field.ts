/** The scalar field of BN254, which circuits compute in. */

/** Order of BN254's groups. Source: EIP-197. */
export const MODULUS = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;

/** The value itself. Throws RangeError unless 0 <= value < MODULUS: only one number is an element's canonical form. */
export function checked(value: bigint): bigint {
  if (value < 0n || value >= MODULUS) throw new RangeError(`${value} is not below the BN254 scalar field's order`);
  return value;
}

/** A random field element: 64 random bytes modulo the order, no bias worth naming. */
export function randomElement(): bigint {
  const bytes = crypto.getRandomValues(new Uint8Array(64));
  return bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n) % MODULUS;
}
