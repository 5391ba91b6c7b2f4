import { render } from "preact";
import { App } from "./app.tsx";
import { takeCredential } from "./login/credential.ts";

// The token leaves the address before anything else runs.
const token = takeCredential();
const place = document.getElementById("page");
if (place !== null) render(<App first={token} />, place);
