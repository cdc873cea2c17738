// More people on a server: a second organisation, another seat. And a task, which so far only an integration makes.

import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'

/** Creates an organisation with a user and a paired device; usable in place of the server. */
export function secondTenant(server) {
  const [tenant, email, password] = ['Rival', 'eve@example.org', 'quite another secret']
  server.trainar(['tenant', 'create', '--name', tenant])
  server.trainar(['user', 'create', '--tenant', tenant, '--email', email, '--name', 'Eve', '--password-stdin'], password)
  const seat = ['seat', 'create', '--tenant', tenant, '--user', email, '--role', 'trainer', '--json']
  return { ...server, email, password, deviceToken: JSON.parse(server.trainar(seat)).device_token }
}

/** Creates an administrator of the first tenant: who signs in. */
export function createAdmin(server) {
  const [email, password] = ['grace@example.org', 'an administrator too']
  const user = ['user', 'create', '--tenant', 'Acme', '--email', email, '--name', 'Grace', '--role', 'admin', '--password-stdin']
  server.trainar(user, password)
  return { email, password }
}

/** The device token of one more seat of the first tenant. */
export function traineeToken(server) {
  const email = 'tom@example.org'
  server.trainar(['user', 'create', '--tenant', 'Acme', '--email', email, '--name', 'Tom', '--password-stdin'], 'a trainee too')
  const seat = ['seat', 'create', '--tenant', 'Acme', '--user', email, '--role', 'trainee', '--json']
  return JSON.parse(server.trainar(seat)).device_token
}

/** Writes a task of an integration into the SQLite database; its id, or `undefined` without the program `sqlite3` or `python3`. */
export function createTask(server, { title, externalId, externalUrl = null, source = 'jobber', description = '' }) {
  const id = randomBytes(16)
  id[6] = (id[6] & 0x0f) | 0x70
  id[8] = (id[8] & 0x3f) | 0x80
  const hex = id.toString('hex')
  const text = (value) => (value === null ? 'NULL' : `'${value.replaceAll("'", "''")}'`)
  const sql = `INSERT INTO tasks (id, tenant_id, title, description, status, source, external_id, external_url, created_at)
    SELECT X'${hex}', id, ${text(title)}, ${text(description)}, 'open', ${text(source)}, ${text(externalId)}, ${text(externalUrl)}, ${Date.now() * 1000}
    FROM tenants WHERE name = 'Acme';`
  return runSql(server, sql) ? hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') : undefined
}

/** A new code that pairs a device with a tenant's first seat. */
export function pairingCode(server, tenant = 'Acme') {
  const code = [...randomBytes(8)].map((byte) => '0123456789ABCDEFGHJKMNPQRSTVWXYZ'[byte % 32]).join('')
  const hash = createHash('sha256').update(code).digest('hex')
  const now = Date.now() * 1000
  const written = runSql(
    server,
    `INSERT INTO pairing_codes (code_hash, tenant_id, seat_id, expires_at, created_at)
    SELECT '${hash}', tenant_id, seats.id, ${now + 600_000_000}, ${now} FROM seats JOIN tenants ON tenants.id = tenant_id
    WHERE tenants.name = '${tenant}' ORDER BY seats.created_at LIMIT 1;`,
  )
  if (!written) throw new Error('neither sqlite3 nor python3 is here')
  return code
}

/** Shuts out every device that pairs by a code. */
export const revokeAll = (server) => runSql(server, `UPDATE devices SET revoked_at = ${Date.now() * 1000} WHERE serial LIKE 'web-%';`)

/** Runs SQL on the SQLite database; `false` without the program `sqlite3` or `python3`. */
export function runSql(server, sql) {
  const file = join(server.dataDir, 'trainar.db')
  const all = `PRAGMA busy_timeout=5000; ${sql}`
  const python = 'import sqlite3,sys\nc=sqlite3.connect(sys.argv[1])\nc.executescript(sys.argv[2])\nc.commit()'
  return [['sqlite3', [file, all]], ['python3', ['-c', python, file, all]]].some(([program, args]) => {
    const done = spawnSync(program, args, { encoding: 'utf8' })
    if (done.error) return false
    if (done.status !== 0) throw new Error(`${program}: ${done.stderr}`)
    return true
  })
}
