/** Changes one key of the config over and over until it is killed. Arguments: home folder. */
import { createConfigEditor, loadConfig } from "../../src/config/index.ts";

const load = { home: process.argv[2]!, env: {}, platform: process.platform };
const editor = createConfigEditor({ loaded: await loadConfig(load), load });
process.stdout.write("ready\n");
for (let round = 1; ; round++) await editor.patch({ gateway: { port: round % 60_000, max_connections: (round % 60_000) + 1 } });
