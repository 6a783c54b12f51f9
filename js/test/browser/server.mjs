// SPDX-License-Identifier: Apache-2.0

// The static server of the tests: the package in one folder, the demo and the test page in others. It adds no header
// that a plain static server lacks, so that what passes here works there.

import { readFile } from "node:fs/promises";
import http from "node:http";
import path from "node:path";

const types = {
  ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css",
  ".svg": "image/svg+xml", ".wasm": "application/wasm", ".ts": "text/plain", ".json": "application/json",
};

// serve starts a server of folders, each with the beginning of the addresses it is for, the longest first.
export async function serve(folders) {
  const server = http.createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const [prefix, folder] = folders.find(([prefix]) => pathname.startsWith(prefix));
    let file = path.join(folder, path.normalize("/" + decodeURIComponent(pathname.slice(prefix.length))));
    if (pathname.endsWith("/")) file = path.join(file, "index.html");
    try {
      const body = await readFile(file);
      response.writeHead(200, { "content-type": types[path.extname(file)] ?? "application/octet-stream" });
      response.end(body);
    } catch {
      response.writeHead(404, { "content-type": "text/plain" });
      response.end(`no ${pathname}\n`);
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: server.address().port, close: () => { server.closeAllConnections(); server.close(); } };
}
