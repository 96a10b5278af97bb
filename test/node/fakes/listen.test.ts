import { expect, it } from "vitest";
import { simulateRegion } from "../../fakes/aws-metadata.ts";
import { listen } from "../../fakes/node/listen.ts";

it("serves a simulated metadata service on loopback, as a workload would use it", async () => {
  const region = await simulateRegion("xx-west-1");
  const options = {
    account: "012345678901",
    instanceId: "i-0123456789abcdef0",
    pendingTime: 1_800_000_000,
  };
  const instance = await region.launch(options);
  const { url, close } = await listen(instance.fetch);
  try {
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const granted = await fetch(`${url}/latest/api/token`, {
      method: "PUT",
      headers: { "x-aws-ec2-metadata-token-ttl-seconds": "60" },
    });
    const headers = { "x-aws-ec2-metadata-token": await granted.text() };
    const served = await fetch(`${url}/latest/dynamic/instance-identity/rsa2048`, { headers });
    expect(await served.text()).toBe(instance.rsa2048);
  } finally {
    await close();
  }
  await expect(fetch(url)).rejects.toThrow("fetch failed");
});
