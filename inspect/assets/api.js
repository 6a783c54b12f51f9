// SPDX-License-Identifier: Apache-2.0

// Requests. All addresses are relative to the page, so it does not matter where it is served.

let csrf = "";

export const setToken = (token) => { csrf = token; };

// Refused is an answer that is an error.
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function answered(response) {
  if (response.ok) return response;
  let message = `${response.status} ${response.statusText}`;
  try {
    message = (await response.json()).error?.message ?? message;
  } catch { /* the status is all that there is */ }
  if (response.status === 401) location.reload(); // to sign in
  throw new Refused(response.status, message);
}

export async function request(address, options) {
  return answered(await fetch(address, { credentials: "same-origin", cache: "no-store", redirect: "error", ...options }));
}

// get reads a message.
export const get = async (address, options) => (await request(address, options)).json();

// post sends something that may write.
export function post(address, body, type, options) {
  return request(address, { method: "POST", body, headers: { "Content-Type": type, "X-Lsmlite-CSRF": csrf }, ...options });
}

// postSQL returns a message also if a statement has failed, because it has the rows of those before.
export async function postSQL(message, signal) {
  const response = await fetch("sql", {
    method: "POST", credentials: "same-origin", signal, body: JSON.stringify(message),
    headers: { "Content-Type": "application/json", "X-Lsmlite-CSRF": csrf },
  });
  return response.headers.has("Lsmlite-Statements") ? response.json() : answered(response);
}
