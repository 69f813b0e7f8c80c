// What a first view weighs, compressed as servers send it: all that is built but the prover, which is loaded with the first
// proof. Ends with 1 if that is more than it may be.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const MOST = 200_000; // bytes
const BUILT = new URL("dist", import.meta.url).pathname;
const isProver = (name) => name.includes("browser.esm"); // snarkjs's file for browsers

const files = readdirSync(BUILT, { recursive: true }).filter(
  (name) => !name.endsWith(".map") && statSync(join(BUILT, name)).isFile(),
);
const weight = (names) => names.reduce((sum, name) => sum + gzipSync(readFileSync(join(BUILT, name))).length, 0);
const prover = files.filter(isProver);
const first = files.filter((name) => !isProver(name));
console.log(JSON.stringify({ first_view_bytes: weight(first), prover_bytes: weight(prover), most_bytes: MOST }));
if (!prover.length || weight(first) > MOST) {
  console.error(prover.length ? "the first view is too heavy" : "the prover is no file of its own");
  process.exitCode = 1;
}
