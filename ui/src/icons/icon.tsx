import type { VNode } from "preact";

/** Line drawings on a 24 x 24 grid. */
const PATHS = {
  plus: "M12 5v14M5 12h14",
  send: "M12 19V5M6 11l6-6 6 6",
  stop: "M7 7h10v10H7z",
  clip: "m20 11-8.2 8.2a5 5 0 0 1-7-7L13 4a3.3 3.3 0 0 1 4.7 4.7l-8.2 8.2a1.7 1.7 0 0 1-2.4-2.4L14.5 7",
  menu: "M4 7h16M4 12h16M4 17h10",
  close: "M6 6l12 12M18 6 6 18",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  copy: "M9 9h10v11H9zM5 15V4h10",
  check: "m5 12.5 4.5 4.5L19 7",
  down: "M12 5v14M6 13l6 6 6-6",
  tool: "M14.5 6.5a4 4 0 0 0 5 5L11 20a2.1 2.1 0 0 1-3-3l8.5-8.5M14.5 6.5 17 4a4 4 0 0 0-5.5 4.5",
  file: "M7 3h7l4 4v14H7zM14 3v4h4",
  key: "M15 9.5h.01M14.5 4a5.5 5.5 0 1 1-2.6 10.3L9 17.2H6.5v2.3H4v-3.2l5.6-5.6A5.5 5.5 0 0 1 14.5 4Z",
  door: "M13 4h6v16h-6M4 12h10M10 8l4 4-4 4",
} as const;

export type IconName = keyof typeof PATHS;

/** Decoration only: the control that holds it has a text or an aria-label. */
export function Icon({ name }: { name: IconName }): VNode {
  return (
    <svg
      class="icon"
      viewBox="0 0 24 24"
      width="18"
      height="18"
      fill="none"
      stroke="currentColor"
      stroke-width="1.8"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The face of the house. */
export function Mark({ size = 28 }: { size?: number }): VNode {
  return (
    <svg class="mark" viewBox="0 0 32 32" width={size} height={size} aria-hidden="true">
      <path class="mark-line" d="M16 3.5v4" />
      <circle class="mark-body" cx="16" cy="3.6" r="2" />
      <rect class="mark-body" x="3.5" y="8" width="25" height="20" rx="7" />
      <circle class="mark-eye" cx="11.5" cy="17" r="2.6" />
      <circle class="mark-eye" cx="20.5" cy="17" r="2.6" />
      <path class="mark-mouth" d="M12.5 23.2h7" />
    </svg>
  );
}
