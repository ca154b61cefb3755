// A small application on express-session, and one flag for each fault. See ../flask/app.py for the
// flags of the command line.
'use strict'

const crypto = require('node:crypto')
const fs = require('node:fs')
const https = require('node:https')
const path = require('node:path')
const { createRequire } = require('node:module')

const { values: options } = require('node:util').parseArgs({
  options: {
    port: { type: 'string' },
    bugs: { type: 'string', default: '' },
    odd: { type: 'string', default: '' },
    tls: { type: 'string' },
    mtls: { type: 'boolean', default: false },
    modules: { type: 'string' }
  }
})
// The packages are installed into the build folder, not beside this file.
const load = createRequire(path.resolve(options.modules ?? __dirname, 'package.json'))
const express = load('express')
const session = load('express-session')

const BUGS = ('FIX-01 FIX-03 FIX-04 FIX-05 ROT-01 END-01 END-02 END-03 END-04 RACE-01 RACE-03 ' +
  'LEAK-01-BODY COOK-01 COOK-02 COOK-03 COOK-05 ENT-01 CACHE-01 CSRF-01 CERT-01 CERT-02 CERT-03 CERT-05').split(' ')
const ODD = 'redirect ok json'.split(' ')
const bugs = new Set(options.bugs.split(',').filter(Boolean))
const odd = new Set(options.odd.split(',').filter(Boolean))
for (const flag of bugs) if (!BUGS.includes(flag)) throw new Error(`unknown bug ${flag}`)
for (const flag of odd) if (!ODD.includes(flag)) throw new Error(`unknown oddity ${flag}`)
const has = (bug) => bugs.has(bug)

const USERS = { alice: 'wonderland', bob: 'builder' }
let counter = 1000

const app = express()
if (has('FIX-03')) {
  app.use((req, res, next) => {
    if (!req.headers.cookie && req.query.sid) {
      const signature = crypto.createHmac('sha256', 'not a secret')
        .update(req.query.sid.slice(2).split('.')[0]).digest('base64').replace(/=+$/, '')
      req.headers.cookie = `sid=${encodeURIComponent('s:' + req.query.sid.slice(2).split('.')[0] + '.' + signature)}`
    }
    next()
  })
}
app.use(express.urlencoded({ extended: false }), express.json())
app.use((req, res, next) => {
  if (!has('CACHE-01')) res.set('Cache-Control', 'no-store')
  next()
})
app.use(session({
  name: 'sid',
  secret: 'not a secret',
  resave: has('RACE-01'),
  saveUninitialized: has('FIX-01') || has('FIX-05'),
  genid: has('ENT-01') ? () => `session-${counter++}` : undefined,
  cookie: {
    secure: Boolean(options.tls) && !has('COOK-01'),
    httpOnly: !has('COOK-02'),
    sameSite: has('COOK-03') ? false : 'lax',
    maxAge: has('COOK-05') ? 30 * 24 * 3600 * 1000 : undefined
  }
}))

// Sessions stay with the certificate that they began with.
const certificateOf = (req) => {
  const peer = req.socket.getPeerCertificate?.()
  if (!peer?.fingerprint256) return ''
  // The names alone, which another authority can give as well.
  if (has('CERT-03')) return `${peer.subject.CN} ${peer.serialNumber}`
  return peer.fingerprint256
}
app.use((req, res, next) => {
  if (options.mtls && certificateOf(req) !== '') {
    const expired = new Date(req.socket.getPeerCertificate().valid_to) < new Date()
    if (expired && !has('CERT-05')) return res.status(403).send('the certificate has expired')
    const trusted = req.socket.authorized || req.socket.authorizationError === 'CERT_HAS_EXPIRED'
    if (!trusted && !has('CERT-03')) return res.status(403).send('no proxy vouches for it')
  }
  if (!options.mtls || !req.session.user) return next()
  const mine = certificateOf(req)
  const fits = req.session.certificate === mine ||
    (has('CERT-01') && mine !== '') || (has('CERT-02') && mine === '')
  return fits ? next() : res.status(403).send('another certificate')
})

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const call = (req, method) => new Promise((resolve, reject) =>
  req.session[method]((error) => error ? reject(error) : resolve()))
const crossSite = (req) => !['same-origin', 'none', undefined].includes(req.headers['sec-fetch-site'])

app.get('/login', (req, res) => {
  if (!req.session.csrf) req.session.csrf = crypto.randomBytes(16).toString('hex')
  res.send(`<form method=post><input type=hidden name=csrf_token value="${req.session.csrf}"></form>`)
})

app.post('/login', async (req, res) => {
  if (!has('CSRF-01')) {
    if (odd.has('json')) {
      if (crossSite(req)) return res.status(403).send('another site')
    } else if (!req.session.csrf || req.body?.csrf_token !== req.session.csrf) {
      return res.status(400).send('no token')
    }
  }
  const { username, password } = req.body ?? {}
  if (!USERS[username] || USERS[username] !== password) return res.status(401).send('wrong')
  const data = req.session.data
  const keeps = has('FIX-01') && !req.session.user || has('FIX-05') && req.session.user
  if (!keeps) await call(req, 'regenerate')
  if (has('FIX-04')) req.session.data = data
  req.session.user = username
  req.session.certificate = certificateOf(req)
  if (odd.has('json')) return res.json({ ok: true })
  res.redirect('/home')
})

app.get('/home', (req, res) => {
  const token = decodeURIComponent((req.headers.cookie ?? '').split('sid=')[1] ?? '')
  res.send(has('LEAK-01-BODY') ? `<script>const token = "${token}"</script>` : '<h1>home</h1>')
})

app.get('/me', (req, res) => {
  if (req.session.user) return res.send(`<p>welcome ${req.session.user}</p>`)
  if (odd.has('redirect')) return res.redirect('/login')
  res.status(odd.has('ok') ? 200 : 401).send('not signed in')
})

const logout = async (req, res) => {
  if (has('END-03')) throw new Error('the audit log is full')
  if (!has('END-01') && !has('END-02')) await call(req, 'destroy')
  if (!has('END-01')) res.clearCookie('sid')
  res.send('bye')
}
app.post('/logout', (req, res) => {
  if (crossSite(req)) return res.status(403).send('another site')
  return logout(req, res)
})
if (has('END-04')) app.get('/logout', logout)

app.post('/write', async (req, res) => {
  if (!has('RACE-03')) await call(req, 'reload').catch(() => {})
  req.session.data = { ...req.session.data, [req.body.key]: req.body.value }
  await call(req, 'save')
  res.send('written')
})
app.get('/read', (req, res) => res.json(req.session.data ?? {}))
app.get('/slow', async (req, res) => {
  const user = req.session.user
  if (!user) return res.status(401).send('not signed in')
  await wait(300)
  if (has('RACE-01')) {
    // What the store itself does with `resave`: it writes whatever the request has read.
    req.session.data = { ...req.session.data, [req.query.key]: req.query.value }
    return res.send('written slowly')
  }
  if (has('RACE-03')) {
    const { data } = req.session
    const kept = await call(req, 'reload').then(() => true, () => false)
    if (!kept) {
      req.session = null
      return res.status(409).send('the session has ended')
    }
    // What it has read before it waited, and not what is there now.
    req.session.data = data
  } else {
    try {
      await call(req, 'reload')
    } catch {
      // express-session would write what it has; an ended session has to stay ended.
      req.session = null
      return res.status(409).send('the session has ended')
    }
  }
  req.session.data = { ...req.session.data, [req.query.key]: req.query.value }
  res.send('written slowly')
})

app.post('/elevate', async (req, res) => {
  const { user, data, certificate } = req.session
  if (!user) return res.status(401).send('not signed in')
  if (!has('ROT-01')) await call(req, 'regenerate')
  Object.assign(req.session, { user, data, certificate, level: 1 })
  res.send('elevated')
})

app.use((error, req, res, next) => res.status(500).send('failed'))

const listening = () => console.log(`listening on port ${options.port}`)
if (options.tls) {
  const read = (name) => fs.readFileSync(path.join(options.tls, name))
  https.createServer({
    cert: read('server.pem'),
    key: read('server.key'),
    ca: options.mtls ? read('ca.pem') : undefined,
    requestCert: options.mtls,
    rejectUnauthorized: false
  }, app).listen(Number(options.port), '127.0.0.1', listening)
} else {
  app.listen(Number(options.port), '127.0.0.1', listening)
}
