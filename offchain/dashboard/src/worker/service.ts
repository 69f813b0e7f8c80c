/** The wallet as a page uses it. It runs in a worker, so that the page stays quick while the chain is read or a proof made,
 * and the seed is never in the page's own memory but while a person writes or reads its words. */

import type { Hex } from "viem";

import { mined, sendFrom } from "../chain/account";
import { parseAmount } from "../chain/assets";
import { fetchNetwork, type Network } from "../chain/network";
import { UserError } from "../errors";
import { meterCard } from "../metering/card";
import { RelayerClient } from "../relayer/client";
import { Address } from "../wallet/address";
import type { Entry } from "../wallet/history";
import { Seed, type Keys } from "../wallet/keys";
import { loaded, saved, type DerivationProgress } from "../wallet/keystore";
import { ETH } from "../wallet/asset";
import type { Balance } from "../wallet/reader";
import type { Submitter } from "../wallet/relay";
import type { ScanProgress } from "../wallet/scan";
import { approval, shielding, type Transaction } from "../wallet/shielding";
import type { Quote } from "../wallet/trade";
import { addKeyFile, alone, keyFile, removeWallet, Vault } from "../wallet/vault";
import { Wallet } from "../wallet/wallet";
import { keyFiles } from "../zk/keyFiles";
import { prover, type ProofProgress } from "../zk/prover";

export type Status = "none" | "locked" | "open";

/** A registered meter, by its number in the wallet; capacity in Wh an epoch. */
export interface MeterLine {
  readonly microgrid: bigint;
  readonly capacity: bigint;
}

/** What a page shows of an open wallet, as last read. */
export interface Overview {
  readonly address: string;
  readonly account: Hex;
  readonly block: number;
  readonly balances: Balance[];
  readonly history: Entry[];
  readonly meters: MeterLine[];
  readonly nextCard: string;
}

export class WalletService {
  private readonly network: Promise<Network>;
  private wallet: Wallet | null = null;
  private keys: Keys | null = null;
  private block = 0;
  private onProof: ProofProgress = () => undefined;

  /** `base`: the URL that the page's files are below. */
  constructor(base: string) {
    this.network = fetchNetwork(base);
    this.network.catch(() => undefined); // told when it is needed
  }

  async status(): Promise<Status> {
    if (this.wallet) return "open";
    return (await keyFile()) ? "locked" : "none";
  }

  /** New words, which nobody keeps yet. */
  newWords(): string {
    return Seed.new().words;
  }

  /** Keeps the wallet of words under a password, and opens it. */
  async create(words: string, password: string, progress?: DerivationProgress): Promise<void> {
    const seed = Seed.fromWords(words);
    if (await keyFile()) throw new UserError("walletExists");
    await addKeyFile(await saved(seed, password, progress));
    await this.open(seed);
  }

  /** Keeps the wallet of a key file, under the file's own password, and opens it. */
  async takeFile(text: string, password: string, progress?: DerivationProgress): Promise<void> {
    const seed = await loaded(text, password, progress);
    await addKeyFile(text);
    await this.open(seed);
  }

  async unlock(password: string, progress?: DerivationProgress): Promise<void> {
    await this.open(await this.seed(password, progress));
  }

  lock(): void {
    this.wallet = this.keys = null;
  }

  /** The words of the wallet, for its owner to write down. */
  async words(password: string, progress?: DerivationProgress): Promise<string> {
    return (await this.seed(password, progress)).words;
  }

  /** The encrypted key file, to be kept elsewhere. */
  async backup(): Promise<string> {
    return (await keyFile()) ?? "";
  }

  /** Reads what is new on chain. */
  async sync(progress?: ScanProgress): Promise<Overview> {
    const wallet = this.opened();
    this.block = await wallet.sync(progress);
    return this.overview();
  }

  /** Forgets what was read, and reads it again. */
  async readAgain(progress?: ScanProgress): Promise<Overview> {
    await this.opened().forget();
    return this.sync(progress);
  }

  /** Removes the wallet from this browser. */
  async remove(): Promise<void> {
    this.lock();
    await removeWallet();
  }

  async send(receiver: string, amount: string, asset: Hex, progress: ProofProgress): Promise<Hex> {
    const address = Address.parse(receiver);
    return this.spend(progress, (wallet, relayer) => wallet.send(address, parseAmount(amount), asset, relayer));
  }

  async unshield(recipient: string, amount: string, asset: Hex, progress: ProofProgress): Promise<Hex> {
    return this.spend(progress, (wallet, relayer) => wallet.unshield(recipient, parseAmount(amount), asset, relayer));
  }

  /** What a swap would give now; slippage in ten-thousandths. */
  async quote(sold: Hex, amount: string, wanted: Hex, slippage: bigint): Promise<Quote> {
    return this.opened().desk.quote(sold, parseAmount(amount), wanted, slippage);
  }

  async swap(quote: Quote, progress: ProofProgress): Promise<Hex> {
    return this.spend(progress, (wallet, relayer) => wallet.swap(quote, relayer));
  }

  /** Takes what a meter (by its place in the overview) exported in an epoch as a note. */
  async issue(meter: number, epoch: string, progress: ProofProgress): Promise<Hex> {
    return this.spend(progress, async (wallet, relayer) => {
      const own = wallet.meters()[meter];
      const [reading, path] = await wallet.delivery.reading(own, BigInt(epoch));
      return wallet.issue(own, BigInt(epoch), reading, path, relayer);
    });
  }

  /** Burns energy against what a meter imported in an epoch. */
  async settle(meter: number, epoch: string, amount: string, progress: ProofProgress): Promise<Hex> {
    return this.spend(progress, async (wallet, relayer) => {
      const own = wallet.meters()[meter];
      const [reading, path] = await wallet.delivery.reading(own, BigInt(epoch));
      return wallet.settle(own, BigInt(epoch), reading, path, parseAmount(amount), relayer);
    });
  }

  /** The public transactions that bring an asset into the pool, for this wallet. */
  async shieldTransactions(asset: Hex, amount: string): Promise<Transaction[]> {
    const { pool } = await this.network;
    const units = parseAmount(amount);
    const made = shielding(pool, this.ownKeys().address, asset, units);
    return asset === ETH ? [made] : [approval(asset, pool, units), made];
  }

  /** Sends them from the account of this wallet's words. */
  async shield(asset: Hex, amount: string): Promise<Hex> {
    const { node } = this.opened();
    const { chainId } = await this.network;
    let last: Hex = "0x";
    for (const transaction of await this.shieldTransactions(asset, amount)) {
      last = await sendFrom(this.ownKeys().account(), node, chainId, transaction);
    }
    await this.sync();
    return last;
  }

  /** Waits until a transaction that another wallet sent is mined. */
  async awaitMined(transaction: Hex): Promise<void> {
    await mined(this.opened().node, transaction);
    await this.sync();
  }

  private async seed(password: string, progress?: DerivationProgress): Promise<Seed> {
    const file = await keyFile();
    if (!file) throw new UserError("keyFileDamaged");
    return loaded(file, password, progress);
  }

  private async open(seed: Seed): Promise<void> {
    const network = await this.network;
    const keys = seed.keys();
    const vault = await Vault.of(keys, `${network.chainId} ${network.pool}`);
    const prove = prover(keyFiles(network.keys), (stage, share) => this.onProof(stage, share));
    this.wallet = new Wallet(keys, network, prove, vault);
    this.keys = keys;
  }

  private opened(): Wallet {
    if (!this.wallet) throw new UserError("walletLocked");
    return this.wallet;
  }

  private ownKeys(): Keys {
    if (!this.keys) throw new UserError("walletLocked");
    return this.keys;
  }

  /** One operation at a time, in all tabs: two that choose the same notes would fail. */
  private async spend(
    progress: ProofProgress,
    work: (wallet: Wallet, relayer: Submitter) => Promise<Hex>,
  ): Promise<Hex> {
    const wallet = this.opened();
    const network = await this.network;
    if (!network.relayer) throw new UserError("relayerMissing");
    const relayer = new RelayerClient(network.relayer, wallet.node, network);
    return alone("spending", async () => {
      await wallet.sync();
      this.onProof = progress;
      try {
        return await work(wallet, relayer);
      } finally {
        this.onProof = () => undefined;
        this.block = await wallet.sync();
      }
    });
  }

  private overview(): Overview {
    const [wallet, keys] = [this.opened(), this.ownKeys()];
    const meters = wallet.meters();
    return {
      address: keys.address.toString(),
      account: keys.account().address,
      block: this.block,
      balances: wallet.balances(),
      history: wallet.history(),
      meters: meters.map(({ microgrid, capacity }) => ({ microgrid, capacity })),
      nextCard: meterCard(keys.meterSecret(meters.length)),
    };
  }
}
