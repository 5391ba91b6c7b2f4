/** True in `npm run check`, which has a minute: cases that try every byte or live through a day then take a sample. `npm test` takes all. */
export const QUICK = process.env["CLANKER_TEST_QUICK"] === "1";
