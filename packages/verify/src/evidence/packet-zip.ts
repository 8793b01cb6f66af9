import { crc32 } from 'node:zlib'
import { ByteReader } from '../bytes/byte-reader.ts'
import { concatBytes, equalBytes, printable, utf8 } from '../bytes/encoding.ts'
import { EvidenceError } from './evidence-error.ts'
import { requirePaths } from './packet-paths.ts'

/*
 * A zip with one spelling for each set of files (PKWARE APPNOTE 6.3.10 §4.3): files in order of their names, stored without
 * compression, dated 1980-01-01, no extra fields, no comments, no attributes, nothing between or around the parts.
 * So every bit of the archive is decided by the files, and one that differs is found.
 */

// Without the zip64 extension, which a packet does not use, sizes have 32 bits and counts 16.
const MAX_ZIP_BYTES = 0xffff_ffff
const MAX_FILES = 0xffff
const LOCAL = 0x04034b50
const CENTRAL = 0x02014b50
const END = 0x06054b50
const VERSION = 10
const FIRST_DAY = 0x0021
const LOCAL_BYTES = 30
const CENTRAL_BYTES = 46
const END_BYTES = 22

/** Writes files as a zip. Throws {@link EvidenceError} `bad_path`, or `too_large` past 4 GiB or 65,535 files. */
export function encodePacketZip(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const paths = [...files.keys()].sort()
  requirePaths(paths)
  const parts: Uint8Array[] = []
  const directory: Uint8Array[] = []
  let offset = 0
  let size = 0
  for (const path of paths) {
    const data = files.get(path) as Uint8Array
    const local = localHeader(path, data)
    const entry = centralEntry(path, local, offset)
    parts.push(local, data)
    directory.push(entry)
    offset += local.length + data.length
    size += entry.length
    requireRoom(paths.length, offset + size + END_BYTES)
  }
  return concatBytes(...parts, ...directory, endRecord(paths.length, size, offset))
}

/**
 * Reads what {@link encodePacketZip} wrote and nothing else: each part is written again and must be the same bytes. The files
 * are views on the input. Throws {@link EvidenceError} `malformed_zip` naming the file in whose header, data or directory entry
 * the first difference lies, `bad_path`, or `too_large`.
 */
export function decodePacketZip(zip: Uint8Array): ReadonlyMap<string, Uint8Array> {
  requireRoom(0, zip.length)
  const { count, size, offset } = readEnd(zip)
  const body = new ByteReader(zip.subarray(0, offset))
  const directory = new ByteReader(zip.subarray(offset, offset + size))
  const files = new Map<string, Uint8Array>()
  const paths: string[] = []
  for (let at = 0; at < count; at++) {
    const [path, data] = readFile(body, directory)
    files.set(path, data)
    paths.push(path)
  }
  if (body.remaining + directory.remaining > 0) throw new EvidenceError('malformed_zip', 'bytes that belong to no file')
  requirePaths(paths)
  return files
}

function requireRoom(files: number, bytes: number): void {
  if (files > MAX_FILES || bytes > MAX_ZIP_BYTES) {
    throw new EvidenceError('too_large', `a zip of ${files} files and ${bytes} bytes`)
  }
}

function readEnd(zip: Uint8Array): { readonly count: number; readonly size: number; readonly offset: number } {
  const end = Buffer.from(zip.subarray(Math.max(0, zip.length - END_BYTES)))
  if (end.length === END_BYTES) {
    const [count, size, offset] = [end.readUInt16LE(10), end.readUInt32LE(12), end.readUInt32LE(16)]
    if (offset + size + END_BYTES === zip.length && equalBytes(endRecord(count, size, offset), end)) {
      return { count, size, offset }
    }
  }
  throw new EvidenceError('malformed_zip', 'the end is not that of a zip which Countersign wrote')
}

/** Reads one file by its header and its directory entry; neither is believed before both say what the data says. */
function readFile(body: ByteReader, directory: ByteReader): readonly [string, Uint8Array] {
  const offset = body.offset
  const entry = takeHeader(directory, CENTRAL_BYTES, 28)
  const header = takeHeader(body, LOCAL_BYTES, 26)
  const data = take(body, header.fixed.length < LOCAL_BYTES ? 0 : header.fixed.readUInt32LE(18))
  const local = localHeader(header.name, data)
  const isExact = equalBytes(local, header.bytes) && equalBytes(centralEntry(header.name, local, offset), entry.bytes)
  if (isExact) return [header.name, data]
  const names = entry.name === header.name ? header.name : `${entry.name} (or ${header.name})`
  throw new EvidenceError('malformed_zip', 'its header, data and directory entry do not agree', printable(names))
}

interface Header {
  readonly bytes: Uint8Array
  readonly fixed: Buffer
  readonly name: string
}

function takeHeader(reader: ByteReader, length: number, nameLengthAt: number): Header {
  const fixed = Buffer.from(take(reader, length))
  const name = take(reader, fixed.length < length ? 0 : fixed.readUInt16LE(nameLengthAt))
  return { bytes: concatBytes(fixed, name), fixed, name: Buffer.from(name).toString('latin1') }
}

/** Fewer bytes than asked for, where fewer are left: they are compared with what should be there, and found too short. */
function take(reader: ByteReader, length: number): Uint8Array {
  return reader.bytes(Math.min(length, reader.remaining))
}

function localHeader(name: string, data: Uint8Array): Uint8Array {
  const header = Buffer.alloc(LOCAL_BYTES)
  header.writeUInt32LE(LOCAL)
  header.writeUInt16LE(VERSION, 4)
  header.writeUInt16LE(FIRST_DAY, 12)
  header.writeUInt32LE(crc32(data), 14)
  header.writeUInt32LE(data.length, 18)
  header.writeUInt32LE(data.length, 22)
  header.writeUInt16LE(utf8(name).length, 26)
  return concatBytes(header, utf8(name))
}

/** The directory repeats the header from its version to the length of its name. */
function centralEntry(name: string, local: Uint8Array, offset: number): Uint8Array {
  const entry = Buffer.alloc(CENTRAL_BYTES)
  entry.writeUInt32LE(CENTRAL)
  entry.writeUInt16LE(VERSION, 4)
  entry.set(local.subarray(4, 28), 6)
  entry.writeUInt32LE(offset, 42)
  return concatBytes(entry, utf8(name))
}

function endRecord(count: number, size: number, offset: number): Uint8Array {
  const end = Buffer.alloc(END_BYTES)
  end.writeUInt32LE(END)
  end.writeUInt16LE(count, 8)
  end.writeUInt16LE(count, 10)
  end.writeUInt32LE(size, 12)
  end.writeUInt32LE(offset, 16)
  return end
}
