import {
  CKA,
  CKF,
  CKO,
  CKU_USER,
  type Attribute,
  type Cryptoki,
  type Handle,
  type TokenInfo,
} from "./cryptoki.ts";
import { decryptMechanism, signMechanism } from "./mechanisms.ts";
import type { KeyName, TokenName, TokenRequest, TokenWork } from "./messages.ts";
import { isPublicHalf, publicAttributes } from "./public-half.ts";
import { decryptRefusalOf, isLoggedIn, refusalOf, TokenRefusal } from "./refusal.ts";
import { Sessions } from "./sessions.ts";

/** Of the longest RSA keys, twice. */
const MAX_OUTPUT = 2048;

/** One token of a module that is initialised, logged in. What it throws is for `refusalOf`. */
export class Token {
  readonly #cryptoki: Cryptoki;
  readonly #sessions: Sessions;
  /** Handles of private keys that were looked at, by what was asked of them. */
  readonly #keys = new Map<string, Handle>();

  constructor(cryptoki: Cryptoki, { token, pin }: Pick<TokenRequest, "token" | "pin">) {
    const [slot, { flags }] = findToken(cryptoki, token);
    const open = (): Handle => cryptoki.C_OpenSession(slot, CKF.serialSession);
    const session = open();
    if ((flags & CKF.loginRequired) !== 0) logIn(cryptoki, session, flags, pin);
    this.#cryptoki = cryptoki;
    this.#sessions = new Sessions(session, open);
  }

  /** @param late whether nobody waits for it any more: nothing is signed for nobody */
  perform({ key, work }: TokenRequest, late: () => boolean): Promise<Uint8Array> {
    return this.#sessions.use(async (session) => {
      if (late()) throw new TokenRefusal("timeout", "it is asked too much at once");
      const handle = this.#key(session, key, work);
      // A part of something, so that there is an address where there are no octets: modules ask for one.
      const input = Buffer.concat([work.input, Buffer.alloc(1)]).subarray(0, -1);
      const output = Buffer.alloc(MAX_OUTPUT);
      if (work.kind === "sign") {
        this.#cryptoki.C_SignInit(session, signMechanism(work.scheme), handle);
        return this.#cryptoki.C_SignAsync(session, input, output);
      }
      this.#cryptoki.C_DecryptInit(session, decryptMechanism(work.hash), handle);
      return this.#cryptoki.C_DecryptAsync(session, input, output).catch((error: unknown) => {
        throw decryptRefusalOf(error);
      });
    });
  }

  #key(session: Handle, name: KeyName, work: TokenWork): Handle {
    const asked = JSON.stringify([name, work.kind]);
    const known = this.#keys.get(asked);
    if (known !== undefined) return known;
    const [key, other] = this.#find(session, CKO.privateKey, name);
    if (key === undefined) throw new TokenRefusal("denied", "it holds no such private key");
    if (other !== undefined)
      throw new TokenRefusal("denied", "it holds several such private keys: name label and id");
    const [always] = this.#read(session, key, [CKA.alwaysAuthenticate]) ?? [];
    if (always?.[0] === 1)
      throw new TokenRefusal("denied", "the key asks for the PIN at each use, which is not given");
    if (work.kind === "sign") this.#compare(session, key, name, work);
    this.#keys.set(asked, key);
    return key;
  }

  /** The configuration's public half with the token's, where that can be read: a wrong key is found before it signs. */
  #compare(
    session: Handle,
    key: Handle,
    name: KeyName,
    { publicKey }: TokenWork & { kind: "sign" },
  ): void {
    const halves = [key, ...this.#find(session, CKO.publicKey, name)].flatMap((object) => {
      const values = this.#read(session, object, publicAttributes(publicKey));
      return values === undefined ? [] : [values];
    });
    if (halves.length > 0 && !halves.some((values) => isPublicHalf(publicKey, values)))
      throw new TokenRefusal("unsound", "its key has another public half than the configuration");
  }

  #find(session: Handle, objectClass: number, { label, id }: KeyName): readonly Handle[] {
    const template: Attribute[] = [{ type: CKA.class, value: objectClass }];
    if (label !== undefined) template.push({ type: CKA.label, value: label });
    if (id !== undefined) template.push({ type: CKA.id, value: Buffer.from(id, "hex") });
    this.#cryptoki.C_FindObjectsInit(session, template);
    const found = this.#cryptoki.C_FindObjects(session, 2);
    this.#cryptoki.C_FindObjectsFinal(session);
    return found;
  }

  /** @returns undefined where the token does not show them */
  #read(session: Handle, object: Handle, types: readonly number[]): Buffer[] | undefined {
    try {
      const template = types.map((type) => ({ type }));
      const read = this.#cryptoki.C_GetAttributeValue(session, object, template);
      return read.map(({ value }) => value);
    } catch (error) {
      if (refusalOf(error).fault.code !== "denied") throw error;
      return undefined;
    }
  }
}

function findToken(cryptoki: Cryptoki, name: TokenName): readonly [Handle, TokenInfo] {
  const fitting = cryptoki
    .C_GetSlotList(true)
    .filter((slot) => name.slot === undefined || idOf(slot) === name.slot)
    .map((slot) => [slot, cryptoki.C_GetTokenInfo(slot)] as const)
    .filter(
      ([, { label, serialNumber }]) =>
        (name.label ?? label.trimEnd()) === label.trimEnd() &&
        (name.serial ?? serialNumber.trimEnd()) === serialNumber.trimEnd(),
    );
  const [first, other] = fitting;
  // Somebody has to see to it; some modules find it again only when they are loaded anew.
  if (first === undefined) throw new TokenRefusal("denied", "it is not there", "process");
  if (other !== undefined) throw new TokenRefusal("denied", "several tokens fit: name its serial");
  return first;
}

function idOf(slot: Handle): number {
  return slot.length === 8 ? Number(slot.readBigUInt64LE()) : slot.readUInt32LE();
}

/** A token locks after a few wrong PINs; the last try is the operator's. */
function logIn(cryptoki: Cryptoki, session: Handle, flags: number, pin: string): void {
  if ((flags & CKF.pinLocked) !== 0) throw new TokenRefusal("denied", "its PIN is locked");
  if ((flags & CKF.pinFinalTry) !== 0)
    throw new TokenRefusal(
      "denied",
      "wrong PINs have left it one try, which is not taken: log in once by hand",
    );
  try {
    cryptoki.C_Login(session, CKU_USER, pin);
  } catch (error) {
    if (!isLoggedIn(error)) throw error;
  }
}
