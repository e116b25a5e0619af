import { createHash, randomBytes, webcrypto } from "node:crypto";
import { isIP } from "node:net";
import * as asn1js from "asn1js";
import {
  AttributeTypeAndValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  CryptoEngine,
  Extension,
  ExtKeyUsage,
  GeneralName,
  GeneralNames,
  type RelativeDistinguishedNames,
  Time,
  TimeType,
} from "pkijs";
import { addressBytes } from "../plan/subnet.ts";
import { pem } from "./pem.ts";
import { wallClockMs } from "../clock/real-time.ts";

/** A certificate and its private key, both in PEM. */
export interface IssuedCertificate {
  readonly cert: string;
  readonly key: string;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" } as const;
const HOUR_MS = 3_600_000;
/** How long before its creation a certificate is valid. The clock of a container may be behind the clock of this host. */
const VALID_BEFORE_MS = 24 * HOUR_MS;
/** How long after its creation a certificate is valid. This is longer than any test runs. */
const VALID_AFTER_MS = 30 * 24 * HOUR_MS;
const OID = {
  commonName: "2.5.4.3",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  keyUsage: "2.5.29.15",
  subjectKeyIdentifier: "2.5.29.14",
  authorityKeyIdentifier: "2.5.29.35",
  extKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
} as const;
/** The bits of the key usage extension, first bit first: `leaf` is digitalSignature, and `authority` is keyCertSign. */
const KEY_USAGE = { leaf: 0b1000_0000, authority: 0b0000_0100 } as const;

const engine = new CryptoEngine({ name: "node", crypto: webcrypto });

/** A certificate authority in memory. Signs ECDSA P-256 certificates that are valid for 30 days. */
export class CertificateAuthority {
  /** The certificate of the authority in PEM. Clients and servers must trust it. */
  readonly certificate: string;
  readonly #subject: RelativeDistinguishedNames;
  readonly #identifier: asn1js.OctetString;
  readonly #keys: webcrypto.CryptoKeyPair;

  private constructor(certificate: Certificate, keys: webcrypto.CryptoKeyPair) {
    this.certificate = pem("CERTIFICATE", certificate.toSchema().toBER());
    this.#subject = certificate.subject;
    this.#identifier = keyIdentifier(certificate);
    this.#keys = keys;
  }

  /** Creates an authority whose common name is `<name> authority`. */
  static async create(name: string): Promise<CertificateAuthority> {
    const keys = await generateKeys();
    const certificate = await createUnsigned(`${name} authority`, keys.publicKey);
    certificate.issuer = certificate.subject;
    certificate.extensions = [
      extension(
        OID.basicConstraints,
        true,
        new BasicConstraints({ cA: true, pathLenConstraint: 0 }).toSchema(),
      ),
      keyUsage(KEY_USAGE.authority, 2),
      extension(OID.subjectKeyIdentifier, false, keyIdentifier(certificate)),
    ];
    await certificate.sign(keys.privateKey, "SHA-256", engine);
    return new CertificateAuthority(certificate, keys);
  }

  /**
   * Issues a certificate that is valid for servers and for clients, because each node is both on the cluster bus.
   *
   * @param name the common name.
   * @param alternativeNames the DNS names and IP addresses of the subject.
   */
  async issue(name: string, alternativeNames: readonly string[]): Promise<IssuedCertificate> {
    const keys = await generateKeys();
    const certificate = await createUnsigned(name, keys.publicKey);
    certificate.issuer = this.#subject;
    certificate.extensions = [
      extension(OID.basicConstraints, true, new BasicConstraints({ cA: false }).toSchema()),
      keyUsage(KEY_USAGE.leaf, 7),
      extension(
        OID.extKeyUsage,
        false,
        new ExtKeyUsage({ keyPurposes: [OID.serverAuth, OID.clientAuth] }).toSchema(),
      ),
      extension(OID.subjectKeyIdentifier, false, keyIdentifier(certificate)),
      // Some verifiers require this extension, for example Python 3.13 and newer.
      extension(
        OID.authorityKeyIdentifier,
        false,
        new AuthorityKeyIdentifier({ keyIdentifier: this.#identifier }).toSchema(),
      ),
    ];
    if (alternativeNames.length > 0) {
      const names = new GeneralNames({ names: alternativeNames.map(generalName) });
      certificate.extensions.push(extension(OID.subjectAltName, false, names.toSchema()));
    }
    await certificate.sign(this.#keys.privateKey, "SHA-256", engine);
    return {
      cert: pem("CERTIFICATE", certificate.toSchema().toBER()),
      key: pem("PRIVATE KEY", await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)),
    };
  }
}

async function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

async function createUnsigned(name: string, publicKey: webcrypto.CryptoKey): Promise<Certificate> {
  const certificate = new Certificate({
    version: 2,
    // The first byte makes the number positive and free of leading zeros, as DER requires.
    serialNumber: new asn1js.Integer({ valueHex: Uint8Array.of(1, ...randomBytes(15)).buffer }),
    notBefore: new Time({ type: TimeType.UTCTime, value: new Date(wallClockMs() - VALID_BEFORE_MS) }),
    notAfter: new Time({ type: TimeType.UTCTime, value: new Date(wallClockMs() + VALID_AFTER_MS) }),
  });
  certificate.subject.typesAndValues.push(
    new AttributeTypeAndValue({ type: OID.commonName, value: new asn1js.Utf8String({ value: name }) }),
  );
  await certificate.subjectPublicKeyInfo.importKey(publicKey, engine);
  return certificate;
}

function extension(extnID: string, critical: boolean, value: asn1js.BaseBlock): Extension {
  return new Extension({ extnID, critical, extnValue: value.toBER() });
}

function keyUsage(bits: number, unusedBits: number): Extension {
  return extension(
    OID.keyUsage,
    true,
    new asn1js.BitString({ valueHex: Uint8Array.of(bits).buffer, unusedBits }),
  );
}

function keyIdentifier({ subjectPublicKeyInfo }: Certificate): asn1js.OctetString {
  const key = subjectPublicKeyInfo.subjectPublicKey.valueBlock.valueHexView;
  return new asn1js.OctetString({
    valueHex: Uint8Array.from(createHash("sha1").update(key).digest()).buffer,
  });
}

/** The types of alternative names: RFC 5280, section 4.2.1.6. */
const NAME_TYPE = { dns: 2, ipAddress: 7 } as const;

function generalName(name: string): GeneralName {
  if (isIP(name) === 0) return new GeneralName({ type: NAME_TYPE.dns, value: name });
  const value = new asn1js.OctetString({ valueHex: addressBytes(name).buffer });
  return new GeneralName({ type: NAME_TYPE.ipAddress, value });
}
