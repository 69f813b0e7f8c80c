/** The wallet as a page uses it. It runs in a worker, so that the page stays quick while the chain is read or a proof made,
 * and the seed is never in the page's own memory but while a person writes or reads its words. */

import type { Hex } from "viem";

import type { KeyUse } from "../api/key";
import { keepApiKey, keptApiKey } from "../api/sealedKeys";
import { costFrom, mined, sendFrom } from "../chain/account";
import { parseAmount } from "../chain/assets";
import { fetchNetwork, type Network } from "../chain/network";
import { UserError } from "../errors";
import { meterCard } from "../metering/card";
import { RelayerClient } from "../relayer/client";
import { Address } from "../wallet/address";
import { Discloser, type DisclosureProgress, type Wanted } from "../wallet/disclose";
import { openEpochs, type OpenEpochs } from "../wallet/epochs";
import { Seed, type Keys } from "../wallet/keys";
import { loaded, saved, type DerivationProgress } from "../wallet/keystore";
import { ETH } from "../wallet/asset";
import type { Submitter } from "../wallet/relay";
import type { Operation } from "../wallet/request";
import type { ScanProgress } from "../wallet/scan";
import { approval, shielding, type Transaction } from "../wallet/shielding";
import type { Quote } from "../wallet/trade";
import { addKeyFile, alone, keyFile, removeWallet } from "../wallet/files";
import { Vault } from "../wallet/vault";
import { Wallet, type Cost } from "../wallet/wallet";
import { PARAMETERS } from "../zk/circuits";
import { keyFiles } from "../zk/keyFiles";
import { prover, type Prove, type ProofProgress } from "../zk/prover";
import type { EpochCost, Overview, Status } from "./overview";

export class WalletService {
  private readonly network: Promise<Network>;
  private wallet: Wallet | null = null;
  private keys: Keys | null = null;
  private prove: Prove | null = null;
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
    this.wallet = this.keys = this.prove = null;
  }

  /** The words of the wallet, for its owner to write down. */
  async words(password: string, progress?: DerivationProgress): Promise<string> {
    return (await this.seed(password, progress)).words;
  }

  /** The viewing key, as text, for its owner to hand to who may see everything. */
  async viewingKey(password: string, progress?: DerivationProgress): Promise<string> {
    return (await this.seed(password, progress)).keys().viewing.export();
  }

  /** A file that shows one auditor a part of the history. */
  async disclose(
    wanted: Wanted,
    auditor: string,
    purpose: string,
    proof: ProofProgress,
    progress: DisclosureProgress,
  ): Promise<string> {
    const [wallet, keys] = [this.opened(), this.ownKeys()];
    const discloser = new Discloser(wallet, keys, this.prove!, Address.parse(auditor), purpose, progress);
    return this.proving(proof, () => discloser.disclose(wanted));
  }

  /** The encrypted key file, to be kept elsewhere. */
  async backup(): Promise<string> {
    return (await keyFile()) ?? "";
  }

  /** A key of the API that this wallet keeps, null if it keeps none. */
  apiKey(use: KeyUse): Promise<string | null> {
    return keptApiKey(this.ownKeys(), use);
  }

  /** Keeps a key of the API, or none for null. */
  keepApiKey(use: KeyUse, key: string | null): Promise<void> {
    return keepApiKey(this.ownKeys(), use, key);
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

  /** What an operation takes beside its amount. Throws UserError if the notes don't suffice, or the relayer won't. */
  async cost(operation: Operation, amount: string, asset: Hex): Promise<Cost> {
    const units = operation === "issue" ? 0n : parseAmount(amount);
    const relayer = await this.relayer();
    return this.opened().cost(operation, asset, units, relayer);
  }

  /** The epochs that a meter (by its place in the overview) can be issued and settled for now. */
  async openEpochs(meter: number): Promise<OpenEpochs> {
    const wallet = this.opened();
    return openEpochs(wallet.node, wallet.network, wallet.meters()[meter]);
  }

  /** What a meter's epoch would give as a note, or, with an amount to settle, take, and what that costs. */
  async epochCost(meter: number, epoch: string, settled?: string): Promise<EpochCost> {
    const wallet = this.opened();
    const own = wallet.meters()[meter];
    const asset = await wallet.tokenOf(own.microgrid);
    const cost = await this.cost(settled === undefined ? "issue" : "settle", settled ?? "", asset);
    if (settled !== undefined) return { asset, amount: parseAmount(settled), cost };
    const [{ exported }] = await wallet.delivery.reading(own, BigInt(epoch));
    return { asset, amount: exported * PARAMETERS.wattHour - cost.fee, cost };
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

  /** Wei that the chain takes for sending them from the account of this wallet's words, at the most. */
  async shieldCost(asset: Hex, amount: string): Promise<bigint> {
    const { node } = this.opened();
    return costFrom(this.ownKeys().account().address, node, await this.shieldTransactions(asset, amount));
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
    this.prove = prover(keyFiles(network.keys), (stage, share) => this.onProof(stage, share));
    this.wallet = new Wallet(keys, network, this.prove, vault);
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
    const relayer = await this.relayer();
    return this.proving(progress, () => work(wallet, relayer));
  }

  private async relayer(): Promise<Submitter> {
    const network = await this.network;
    if (!network.relayer) throw new UserError("relayerMissing");
    return new RelayerClient(network.relayer, this.opened().node, network);
  }

  /** Runs what makes proofs on what is newest on chain, and reads again when it has ended. */
  private proving<T>(progress: ProofProgress, work: () => Promise<T>): Promise<T> {
    const wallet = this.opened();
    return alone("spending", async () => {
      await wallet.sync();
      this.onProof = progress;
      try {
        return await work();
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
      startedAnew: wallet.startedAnew,
    };
  }
}
