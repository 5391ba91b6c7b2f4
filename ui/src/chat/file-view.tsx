import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Icon } from "../icons/icon.tsx";
import type { FileLine } from "./transcript.ts";

/** Fetches the bytes of a media id with the credential of the page. */
export type LoadFile = (id: string) => Promise<Blob>;

/** Pictures that a browser draws without running anything; SVG is not one of them (sec-26). */
const DRAWN = /^image\/(png|jpeg|gif|webp|avif)$/;

/** A file of a message: a picture is drawn, anything else can be saved. */
export function FileView({ file, load }: { file: FileLine; load: LoadFile }): VNode {
  const [url, setUrl] = useState<string>();
  const drawn = DRAWN.test(file.type);
  useEffect(() => {
    if (!drawn || file.id === undefined) return;
    let made: string | undefined;
    let gone = false;
    load(file.id).then(
      (blob) => {
        if (gone) return;
        made = URL.createObjectURL(new Blob([blob], { type: file.type }));
        setUrl(made);
      },
      () => setUrl(undefined),
    );
    return () => {
      gone = true;
      if (made !== undefined) URL.revokeObjectURL(made);
    };
  }, [file.id]);
  if (url !== undefined) return <img class="picture" src={url} alt={file.name} />;
  const id = file.id;
  return (
    <button type="button" class="file" disabled={id === undefined} onClick={() => id !== undefined && void save(id, file.name, load)}>
      <Icon name="file" />
      <span>{file.name}</span>
    </button>
  );
}

/** Always as a download: nothing of a message is opened inside the page. */
async function save(id: string, name: string, load: LoadFile): Promise<void> {
  const blob = await load(id).catch(() => undefined);
  if (blob === undefined) return;
  const url = URL.createObjectURL(new Blob([blob], { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
