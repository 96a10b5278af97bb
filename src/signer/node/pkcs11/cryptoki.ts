import { createRequire } from "node:module";

/** As much of PKCS#11 as a signature or a decryption takes, with the names and in the forms of `pkcs11js`. */
export interface Cryptoki {
  load(path: string): void;
  C_Initialize(options: { readonly flags: number }): void;
  C_Finalize(): void;
  C_GetSlotList(tokenPresent: boolean): readonly Handle[];
  /** `label` and `serialNumber` are padded with blanks. */
  C_GetTokenInfo(slot: Handle): TokenInfo;
  C_OpenSession(slot: Handle, flags: number): Handle;
  C_Login(session: Handle, user: number, pin: string): void;
  C_FindObjectsInit(session: Handle, template: readonly Attribute[]): void;
  C_FindObjects(session: Handle, most: number): readonly Handle[];
  C_FindObjectsFinal(session: Handle): void;
  C_GetAttributeValue(
    session: Handle,
    object: Handle,
    template: readonly Attribute[],
  ): readonly { readonly value: Buffer }[];
  C_SignInit(session: Handle, mechanism: Mechanism, key: Handle): void;
  C_SignAsync(session: Handle, input: Buffer, output: Buffer): Promise<Buffer>;
  C_DecryptInit(session: Handle, mechanism: Mechanism, key: Handle): void;
  C_DecryptAsync(session: Handle, input: Buffer, output: Buffer): Promise<Buffer>;
}

/** A `CK_ULONG` as it lies in memory. */
export type Handle = Buffer;

export interface TokenInfo {
  readonly label: string;
  readonly serialNumber: string;
  readonly flags: number;
}

export interface Attribute {
  readonly type: number;
  readonly value?: number | string | Buffer;
}

export interface Mechanism {
  readonly mechanism: number;
  readonly parameter?: Readonly<Record<string, number>>;
}

/** PKCS#11 2.40, `pkcs11t.h`. */
export const CKF = {
  osLockingOk: 0x02,
  serialSession: 0x04,
  loginRequired: 0x04,
  pinFinalTry: 0x2_0000,
  pinLocked: 0x4_0000,
} as const;
export const CKU_USER = 1;
export const CKO = { publicKey: 2, privateKey: 3 } as const;
export const CKA = {
  class: 0x000,
  label: 0x003,
  id: 0x102,
  modulus: 0x120,
  publicExponent: 0x122,
  ecPoint: 0x181,
  alwaysAuthenticate: 0x202,
} as const;

/** The package that speaks to modules. It is compiled where it is installed, and installed by those who use tokens. */
export const PROVIDER = "pkcs11js";

/**
 * @param provider what is `pkcs11js`, or exports such a class
 * @throws what `require` does
 */
export function requireProvider(provider: string): { new (): Cryptoki } {
  const loaded: unknown = createRequire(import.meta.url)(provider);
  if (typeof loaded === "object" && loaded !== null && "PKCS11" in loaded) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the package's own interface
    return loaded.PKCS11 as { new (): Cryptoki };
  }
  throw new TypeError(`${provider} exports no PKCS11`);
}
