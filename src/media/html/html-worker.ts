/** Entry of the thread that reads one page and ends. */
import { parentPort, workerData } from "node:worker_threads";
import { readPage } from "./read-page.ts";

const { html, url } = workerData as { html: string; url: string };
parentPort!.postMessage(readPage(html, url));
