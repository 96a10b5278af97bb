/** `node canned-server.ts PORT FILE`: answers each path with the body that the JSON file has for it, as fast as can be. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import * as z from "zod/mini";

const [, , port = "", file = ""] = process.argv;
const bodies = z.record(z.string(), z.string()).parse(JSON.parse(readFileSync(file, "utf8")));

createServer((request, response) => {
  request.resume();
  request.once("end", () => {
    const body = bodies[request.url ?? ""];
    response.writeHead(body === undefined ? 404 : 200, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body ?? ""),
    });
    response.end(body);
  });
}).listen(Number(port), "127.0.0.1");
