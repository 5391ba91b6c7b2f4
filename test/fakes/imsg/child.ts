/** What is started as `imsg rpc`: hands its input to the fake that listens at the port, and the fake's words to its output. */
import { connect } from "node:net";

const socket = connect(Number(process.argv[2]), "127.0.0.1");
process.stdin.pipe(socket);
socket.pipe(process.stdout);
socket.on("error", () => process.exit(3));
socket.on("close", () => process.exit(0));
