/** A worker that sums windows, as one of several. */

import { expose } from "comlink";

import { Curve } from "./curve";
import { Adder } from "./adder";

let adder: Adder | null = null;

const service = {
  open(code: WebAssembly.Module): void {
    adder = new Adder(new Curve(code));
  },
  begin: (...given: Parameters<Adder["begin"]>) => adder!.begin(...given),
  windowSum: (window: number) => adder!.windowSum(window),
};

export type AdderService = typeof service;

expose(service);
