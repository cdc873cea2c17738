// A real OpenID Connect provider (oidc-provider) as a process of its own, which can be told to misbehave:
// `node openid-provider.mjs PORT RETURN_ADDRESS`. Anybody in PUT /accounts signs in by name, without a password.

import { exportJWK, generateKeyPair, importJWK, SignJWT, decodeJwt } from 'jose'
import { Provider } from 'oidc-provider'

// Of newer versions of Node.
URL.parse ??= (url, base) => (URL.canParse(url, base) ? new URL(url, base) : null)

const [port, redirect] = process.argv.slice(2)
const issuer = `http://127.0.0.1:${port}`
const newKey = async (kid) => {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  return { ...(await exportJWK(privateKey)), kid, alg: 'RS256', use: 'sig' }
}
const publicPart = ({ kty, n, e, kid, alg, use }) => ({ kty, n, e, kid, alg, use })
const [first, second, strange] = await Promise.all([newKey('first'), newKey('second'), newKey('first')])
const KEYS = { first, second, strange }

let accounts = {}
// `claims` are put into the ID token, `key` signs it, `jwks` names the key that is shown, `token` is the status of the token endpoint.
let mood = {}

const provider = new Provider(issuer, {
  clients: [{ client_id: 'trainar', client_secret: 'a secret of both', redirect_uris: [redirect], grant_types: ['authorization_code'] }],
  jwks: { keys: [first] },
  cookies: { keys: ['cookies of the provider'] },
  pkce: { required: () => true },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, ...accounts[sub] }) }),
  // Everybody has agreed to everything.
  loadExistingGrant: async (ctx) => {
    const { client, session } = ctx.oidc
    const grant = new ctx.oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId })
    grant.addOIDCScope('openid email profile')
    await grant.save()
    return grant
  },
})

const bodyOf = async (ctx) => {
  const parts = []
  for await (const part of ctx.req) parts.push(part)
  return Buffer.concat(parts).toString()
}

provider.use(async (ctx, next) => {
  if (ctx.method === 'PUT') {
    const given = JSON.parse(await bodyOf(ctx))
    if (ctx.path === '/accounts') accounts = given
    if (ctx.path === '/mood') mood = given
    ctx.status = 204
    return
  }
  if (ctx.path.startsWith('/interaction/')) return interact(ctx)
  if (ctx.path === '/jwks' && mood.jwks) {
    ctx.body = { keys: [publicPart(KEYS[mood.jwks])] }
    return
  }
  if (ctx.path === '/token' && mood.token) {
    ctx.status = mood.token
    ctx.body = 'out of order'
    return
  }
  if (ctx.path === '/away') {
    ctx.redirect('/.well-known/openid-configuration')
    return
  }
  await next()
  if (ctx.path === '/token' && ctx.body?.id_token && (mood.claims || mood.key)) {
    const claims = { ...decodeJwt(ctx.body.id_token), ...mood.claims }
    const key = KEYS[mood.key ?? 'first']
    const token = new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: key.kid })
    ctx.body = { ...ctx.body, id_token: await token.sign(await importJWK(key, 'RS256')) }
  }
})

async function interact(ctx) {
  if (ctx.method === 'GET') {
    ctx.type = 'html'
    ctx.body = `<!doctype html><title>Provider</title><form method="post"><label>Account <input name="account"></label>
      <button>Continue</button><button name="cancel" value="yes">Cancel</button></form>`
    return
  }
  const form = new URLSearchParams(await bodyOf(ctx))
  const result = form.get('cancel')
    ? { error: 'access_denied', error_description: 'no, thank you' }
    : { login: { accountId: form.get('account'), remember: false } }
  await provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: false })
  ctx.respond = false
}

provider.listen(Number(port), '127.0.0.1', () => console.log('ready'))
