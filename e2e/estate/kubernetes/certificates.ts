import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runProgram } from '../run-program.ts'

/** A certificate and its key, in PEM. */
export interface KeyPair {
  readonly certificate: string
  readonly key: string
}

/** The certificate authority of one cluster, in files that the programs read. */
export interface CertificateAuthority {
  readonly certificateFile: string
  readonly keyFile: string
  readonly certificate: string
  /** Certifies a server that answers at 127.0.0.1; writes `NAME.crt` and `NAME.key` beside the authority's own. */
  certifyServer(name: string): Promise<{ readonly certificateFile: string; readonly keyFile: string }>
  /** Certifies a user and the user's groups, as Kubernetes reads them out of the subject. */
  certifyUser(user: string, groups: readonly string[]): Promise<KeyPair>
}

const DAYS = '30'
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** Makes an authority in an empty folder, with `openssl`, whose certificates are good for thirty days. */
export async function makeAuthority(folder: string): Promise<CertificateAuthority> {
  const [certificateFile, keyFile] = [join(folder, 'ca.crt'), join(folder, 'ca.key')]
  const request = ['req', '-x509', ...NEW_KEY, '-days', DAYS, '-out', certificateFile, '-keyout', keyFile]
  await openssl(folder, [...request, '-subj', '/CN=estate-ca', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'])
  let issued = 0
  const issue = async (name: string, subject: string, extensions: readonly string[]): Promise<void> => {
    issued += 1
    await openssl(folder, [
      ...['req', '-x509', ...NEW_KEY, '-days', DAYS, '-CA', certificateFile, '-CAkey', keyFile, '-subj', subject],
      ...['basicConstraints=critical,CA:FALSE', ...extensions].flatMap((extension) => ['-addext', extension]),
      ...['-out', join(folder, `${name}.crt`), '-keyout', join(folder, `${name}.key`)],
    ])
  }
  return {
    certificateFile,
    keyFile,
    certificate: await readFile(certificateFile, 'utf8'),
    async certifyServer(name) {
      const names = 'subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default.svc'
      await issue(name, `/CN=${name}`, ['extendedKeyUsage=serverAuth', names])
      return { certificateFile: join(folder, `${name}.crt`), keyFile: join(folder, `${name}.key`) }
    },
    async certifyUser(user, groups) {
      const name = `user-${issued}`
      const subject = [...groups.map((group) => `/O=${inSubject(group)}`), `/CN=${inSubject(user)}`].join('')
      await issue(name, subject, ['extendedKeyUsage=clientAuth'])
      return {
        certificate: await readFile(join(folder, `${name}.crt`), 'utf8'),
        key: await readFile(join(folder, `${name}.key`), 'utf8'),
      }
    },
  }
}

/** Makes the key pair with which an API server signs the tokens of service accounts. */
export async function makeTokenKeys(
  folder: string,
): Promise<{ readonly privateFile: string; readonly publicFile: string }> {
  const [privateFile, publicFile] = [join(folder, 'tokens.key'), join(folder, 'tokens.pub')]
  await openssl(folder, ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', privateFile])
  const { stdout } = await openssl(folder, ['ec', '-in', privateFile, '-pubout'])
  await writeFile(publicFile, stdout)
  return { privateFile, publicFile }
}

function inSubject(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('/', '\\/').replaceAll('+', '\\+')
}

function openssl(folder: string, args: readonly string[]): ReturnType<typeof runProgram> {
  return runProgram({ command: 'openssl', args, folder })
}
