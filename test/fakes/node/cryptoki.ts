import {
  constants,
  createPrivateKey,
  createPublicKey,
  privateDecrypt,
  privateEncrypt,
  sign,
  type KeyObject,
} from "node:crypto";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import type {
  Attribute,
  Cryptoki,
  Handle,
  Mechanism,
  TokenInfo,
} from "../../../src/signer/node/pkcs11/cryptoki.ts";

/**
 * A stand-in for the package `pkcs11js`, whose "module" is a JSON file that says what tokens there are and what goes
 * wrong. It is read again at each call, so that a test can change it while another process has it loaded.
 */
export interface FakeModule {
  readonly tokens: readonly FakeToken[];
  /** By the name of a call. */
  readonly faults?: Readonly<Record<string, FakeFault>>;
}

interface FakeToken {
  readonly label: string;
  readonly serial: string;
  readonly pin: string;
  readonly flags?: number;
  /** Sessions that it lets be open. */
  readonly sessions?: number;
  readonly keys: readonly FakeKey[];
}

interface FakeKey {
  readonly label: string;
  /** Hexadecimal. */
  readonly id: string;
  /** PKCS#8 PEM, RSA or Ed25519. */
  readonly privateKey: string;
  /** Of its public half; that of the private one if absent, "hidden": it cannot be read. */
  readonly publicKey?: string;
  readonly alwaysAuthenticate?: boolean;
}

interface FakeFault {
  /** `CKR_…`, thrown; `hang`, `crash`; else hexadecimal octets in place of the output. */
  readonly does: string;
  readonly code?: number;
  /** Only the first so many calls of a process. */
  readonly times?: number;
}

const LOGIN_REQUIRED = 4;
const RSA_PKCS = 1;
const OAEP = 9;
const SHA256 = 0x250;

export function writeModule(path: string, module: FakeModule): void {
  writeFileSync(path, JSON.stringify(module));
}

/** Every call of every process that has it loaded, in their order. */
export function callsOf(path: string): readonly string[] {
  return readFileSync(`${path}.calls`, "utf8").trim().split("\n");
}

export class PKCS11 implements Cryptoki {
  #path = "";
  readonly #seen = new Map<string, number>();
  #open = 0;
  #found: readonly Handle[] = [];
  #loggedIn = false;
  #using: { readonly key: KeyObject; readonly mechanism: Mechanism } | undefined;

  load(path: string): void {
    this.#path = path;
    this.#called("load");
  }
  C_Initialize(): void {
    this.#called("C_Initialize");
  }
  C_Finalize(): void {
    this.#called("C_Finalize");
  }
  C_GetSlotList(): readonly Handle[] {
    return this.#called("C_GetSlotList").tokens.map((_, index) => handle(index));
  }
  C_GetTokenInfo(slot: Handle): TokenInfo {
    const { label, serial, flags = LOGIN_REQUIRED } = this.#token("C_GetTokenInfo", slot);
    return { label: label.padEnd(32), serialNumber: serial.padEnd(16), flags };
  }
  C_OpenSession(slot: Handle): Handle {
    const { sessions = Infinity } = this.#token("C_OpenSession", slot);
    if (this.#open >= sessions) throw rv("CKR_SESSION_COUNT", 0xb1);
    this.#open++;
    return slot;
  }
  C_Login(session: Handle, _user: number, pin: string): void {
    if (this.#token("C_Login", session).pin !== pin) throw rv("CKR_PIN_INCORRECT", 0xa0);
    if (this.#loggedIn) throw rv("CKR_USER_ALREADY_LOGGED_IN", 0x100);
    this.#loggedIn = true;
  }
  C_FindObjectsInit(session: Handle, template: readonly Attribute[]): void {
    const { keys } = this.#token("C_FindObjectsInit", session);
    const [objectClass, ...wanted] = template.map(({ value }) => value);
    const fits = ({ label, id }: FakeKey): boolean =>
      wanted.every((value) =>
        Buffer.isBuffer(value) ? value.toString("hex") === id : value === label,
      );
    this.#found = keys.flatMap((key, index) =>
      fits(key) ? [Buffer.from([...session, index, Number(objectClass)])] : [],
    );
  }
  C_FindObjects(_session: Handle, most: number): readonly Handle[] {
    return this.#found.slice(0, most);
  }
  C_FindObjectsFinal(): void {
    this.#found = [];
  }
  C_GetAttributeValue(
    session: Handle,
    object: Handle,
    template: readonly Attribute[],
  ): readonly { readonly value: Buffer }[] {
    const key = this.#key("C_GetAttributeValue", session, object);
    if (template[0]?.type === 0x202)
      return [{ value: Buffer.of(key.alwaysAuthenticate === true ? 1 : 0) }];
    const { publicKey = key.privateKey } = key;
    if (publicKey === "hidden") throw rv("CKR_ATTRIBUTE_SENSITIVE", 0x11);
    const { n, e, x } = createPublicKey(publicKey).export({ format: "jwk" });
    const values = n === undefined ? [x] : [n, e];
    return values.map((value) => ({ value: Buffer.from(value ?? "", "base64url") }));
  }
  C_SignInit(session: Handle, mechanism: Mechanism, object: Handle): void {
    const { privateKey } = this.#key("C_SignInit", session, object);
    this.#using = { key: createPrivateKey(privateKey), mechanism };
  }
  async C_SignAsync(_session: Handle, input: Buffer): Promise<Buffer> {
    const { faults } = this.#called("C_Sign");
    const { key, mechanism } = this.#used();
    const output = faults?.["C_Sign"]?.does ?? "";
    if (/^[0-9a-f]+$/.test(output)) return Buffer.from(output, "hex");
    if (mechanism.mechanism !== RSA_PKCS) return sign(null, input, key);
    return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, input);
  }
  C_DecryptInit(session: Handle, mechanism: Mechanism, object: Handle): void {
    const { privateKey } = this.#key("C_DecryptInit", session, object);
    if (mechanism.mechanism !== OAEP) throw rv("CKR_MECHANISM_INVALID", 0x70);
    this.#using = { key: createPrivateKey(privateKey), mechanism };
  }
  async C_DecryptAsync(_session: Handle, input: Buffer): Promise<Buffer> {
    const { key, mechanism } = this.#used();
    const oaepHash = mechanism.parameter?.["hashAlg"] === SHA256 ? "sha256" : "sha1";
    return privateDecrypt({ key, oaepHash }, input);
  }

  #used(): { readonly key: KeyObject; readonly mechanism: Mechanism } {
    const using = this.#using;
    if (using === undefined) throw rv("CKR_OPERATION_NOT_INITIALIZED", 0x91);
    return using;
  }

  #called(name: string): FakeModule {
    appendFileSync(`${this.#path}.calls`, `${name}\n`);
    const module: FakeModule = JSON.parse(readFileSync(this.#path, "utf8"));
    const count = (this.#seen.get(name) ?? 0) + 1;
    this.#seen.set(name, count);
    const fault = module.faults?.[name];
    if (fault === undefined || count > (fault.times ?? Infinity)) return module;
    if (fault.does === "crash") process.kill(process.pid, "SIGKILL");
    if (fault.does === "hang") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    if (fault.does.startsWith("CKR_")) throw rv(fault.does, fault.code ?? 0);
    return module;
  }

  #token(call: string, slot: Handle): FakeToken {
    const token = this.#called(call).tokens[slot.readUInt32LE()];
    if (token === undefined) throw rv("CKR_SLOT_ID_INVALID", 3);
    return token;
  }

  #key(call: string, session: Handle, object: Handle): FakeKey {
    const key = this.#token(call, session).keys[object.at(-2) ?? -1];
    if (key === undefined) throw rv("CKR_OBJECT_HANDLE_INVALID", 0x82);
    return key;
  }
}

function handle(index: number): Handle {
  const slot = Buffer.alloc(8);
  slot.writeUInt32LE(index);
  return slot;
}

function rv(name: string, code: number): Error {
  return Object.assign(new Error(name), { code });
}
