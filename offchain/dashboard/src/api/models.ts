/** Headers of the model chain: `GET /v1/models`. */

import { fields, list, number, text, truth, type Read } from "./shape";
import { source } from "./source";

/** Losses are those on the common test set, before and after the round. */
const model = fields({
  number,
  hash: text,
  previous: text,
  round: number,
  weights_root: text,
  weight_hash: text,
  testset_hash: text,
  participant_hash: text,
  born: number,
  loss_before: number,
  loss_after: number,
  accepted: truth,
  source,
});
export type Model = Read<typeof model>;
export const models = fields({ models: list(model) });
