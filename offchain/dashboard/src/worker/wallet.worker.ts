/** The worker that the wallet runs in. */

import { expose } from "comlink";

import { carryErrors } from "./errors";
import { WalletService } from "./service";

carryErrors();
// The page names the folder of its files, which a worker can't know.
expose(new WalletService(new URL(self.name).href));
