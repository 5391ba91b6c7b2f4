import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fileType, sniff } from "../../src/lib/file-type/index.ts";

const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const OGG = bytes("OggS\x00\x02");
const ZIP = bytes("PK\x03\x04\x14\x00");
const MP4 = bytes("\x00\x00\x00\x20ftypisom");

describe("what a file is", () => {
  test("a picture is what its own bytes say, whatever somebody calls it", () => {
    assert.equal(fileType(bytes("\xff\xd8\xff\xe0"), "image/png"), "image/jpeg");
    assert.equal(fileType(bytes("RIFF\x10\x00\x00\x00WEBPVP8 "), "image/jpeg"), "image/webp");
    assert.equal(fileType(bytes("\x89PNG\r\n\x1a\n"), "text/plain"), "image/png");
    assert.equal(fileType(bytes("\x00\x00\x00\x18ftypheic"), "image/jpeg"), "image/heic");
  });

  test("what is called a picture and is none is no picture", () => {
    assert.equal(fileType(bytes("<html>"), "image/png"), "application/octet-stream");
    assert.equal(fileType(bytes(""), "image/gif"), "application/octet-stream");
    assert.equal(fileType(bytes("%PDF-1.7"), "image/webp"), "application/pdf");
  });

  test("a claim that says more than the container holds, with its parameters", () => {
    assert.equal(fileType(OGG, "audio/ogg; codecs=opus"), "audio/ogg; codecs=opus");
    assert.equal(fileType(OGG, "image/png"), "audio/ogg");
    assert.equal(fileType(MP4, "audio/mp4"), "audio/mp4");
    assert.equal(fileType(MP4, "application/octet-stream"), "video/mp4");
    const docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
    assert.equal(fileType(ZIP, docx), docx);
    assert.equal(fileType(ZIP, "application/octet-stream"), "application/zip");
    assert.equal(fileType(ZIP, "text/html"), "application/zip");
  });

  test("where the bytes say nothing the claim stands", () => {
    assert.equal(fileType(bytes("hello"), "text/csv; charset=utf-8"), "text/csv; charset=utf-8");
    assert.equal(fileType(bytes("\xff\xfb\x90\x00"), "audio/mpeg"), "audio/mpeg");
    assert.equal(fileType(bytes("hello"), ""), "application/octet-stream");
    assert.equal(sniff(bytes("hello")), undefined);
  });
});
