// What a first view weighs, compressed as servers send it: the page's frame, and the heaviest of its pages with all that page
// loads at once or with its first chart; not the wallet's worker, which comes when a wallet is made or unlocked, nor the prover,
// which comes with the first proof. Ends with 1 if the view or the worker weighs more than it may.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const MOST = 200_000; // bytes
const BUILT = new URL("dist", import.meta.url).pathname;
const isProver = (name) => /browser\.esm|multiexp\.worker|snarkjsCurve/.test(name); // snarkjs's files for browsers, and what quickens it
const isWorker = (name) => /wallet\.worker.*\.js$/.test(name);

const chunks = JSON.parse(readFileSync(join(BUILT, "files.json"), "utf8"));
const built = readdirSync(join(BUILT, "assets")).map((name) => `assets/${name}`);
const weight = (names) => [...names].reduce((sum, name) => sum + gzipSync(readFileSync(join(BUILT, name))).length, 0);

/** All files of a chunk and of what it imports, what it would load later too unless `now`. */
function filesOf(name, now, found = new Set()) {
  const { file, css = [], assets = [], imports = [], dynamicImports = [] } = chunks[name];
  if (found.has(file) || isProver(file)) return found;
  for (const one of [file, ...css, ...assets]) if (!isWorker(one)) found.add(one);
  for (const other of [...imports, ...(now ? [] : dynamicImports)]) filesOf(other, now, found);
  return found;
}

const frame = filesOf("index.html", true);
const pages = chunks["index.html"].dynamicImports;
const workers = built.filter(isWorker);
const viewOf = (page) => new Set([...filesOf(page, false, new Set(frame)), "index.html", "icon.svg"]);
const weights = Object.fromEntries(pages.map((page) => [page.replace(/^.*\/|\.tsx$/g, ""), weight(viewOf(page))]));
const prover = built.filter((name) => isProver(name) && !name.endsWith(".map"));
const heaviest = Math.max(...Object.values(weights));
console.log(JSON.stringify({ first_view_bytes: weights, worker_bytes: weight(workers), prover_bytes: weight(prover), most_bytes: MOST }));
const faults = [
  [!prover.length, "the prover is no file of its own"],
  [!workers.length, "the wallet's worker is no file of its own"],
  [!(heaviest <= MOST), "the first view is too heavy"],
  [!(weight(workers) <= MOST), "the wallet's worker is too heavy"],
];
for (const [is, fault] of faults) {
  if (!is) continue;
  console.error(fault);
  process.exitCode = 1;
}
