import assert from "node:assert/strict";
import { test } from "node:test";
import { findPlaces } from "../../src/config/index.ts";

test("--home comes before CLANKER_HOME, and everything is under it", () => {
  const env = { HOME: "/home/a", CLANKER_HOME: "/srv/env" };
  assert.deepEqual(findPlaces({ home: "/srv/flag", env, platform: "linux" }), {
    configFile: "/srv/flag/config.toml",
    configFolder: "/srv/flag",
    dataFolder: "/srv/flag/data",
    lastGoodFile: "/srv/flag/config.last-good.toml",
  });
  assert.equal(findPlaces({ env, platform: "linux" }).dataFolder, "/srv/env/data");
});

test("without a home the platform's own folders are used", () => {
  const at = (platform: NodeJS.Platform, env: Record<string, string>) => {
    const { configFile, dataFolder } = findPlaces({ env, platform });
    return [configFile, dataFolder];
  };
  assert.deepEqual(at("linux", { HOME: "/home/a" }), ["/home/a/.config/open-clanker/config.toml", "/home/a/.local/share/open-clanker"]);
  assert.deepEqual(at("linux", { HOME: "/home/a", XDG_CONFIG_HOME: "/c", XDG_DATA_HOME: "relative" }), [
    "/c/open-clanker/config.toml",
    "/home/a/.local/share/open-clanker",
  ]);
  assert.deepEqual(at("darwin", { HOME: "/Users/a" }), [
    "/Users/a/Library/Application Support/open-clanker/config.toml",
    "/Users/a/Library/Application Support/open-clanker/data",
  ]);
  assert.deepEqual(at("win32", { USERPROFILE: "C:\\Users\\a", APPDATA: "C:\\R", LOCALAPPDATA: "C:\\L" }), [
    "C:\\R\\open-clanker\\config.toml",
    "C:\\L\\open-clanker",
  ]);
});

test("a named config file moves the config folder, not the data folder", () => {
  const env = { HOME: "/home/a", CLANKER_CONFIG: "/etc/clanker/x.json5" };
  const places = findPlaces({ env, platform: "linux" });
  assert.equal(places.configFolder, "/etc/clanker");
  assert.equal(places.lastGoodFile, "/etc/clanker/x.last-good.json5");
  assert.equal(places.dataFolder, "/home/a/.local/share/open-clanker");
  assert.equal(findPlaces({ path: "/b/c.toml", env, platform: "linux" }).configFile, "/b/c.toml");
});

test("a start from the last good copy does not make a copy of the copy", () => {
  const places = findPlaces({ path: "/b/config.last-good.toml", env: {}, platform: "linux" });
  assert.equal(places.lastGoodFile, places.configFile);
});
