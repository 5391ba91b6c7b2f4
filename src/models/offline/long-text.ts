const SENTENCES: readonly string[] = [
  "Once there was a small house at the end of a long road, and every letter in the country came through it.",
  "Some letters were in a hurry and some were not, but the house kept all of them, in the order in which they had come.",
  "When the lamp went out at night the letters stayed where they lay, and in the morning the work went on behind the last one that was done.",
  "Nobody had to ask twice, because nothing was ever put on the pile without a number.",
  "A visitor once wondered why the keeper wrote everything down before she did it.",
  "She laughed and said that her memory was excellent, but that the roof was not.",
  "In winter the road was often closed, and then the letters waited, warm and dry, until the carrier came back.",
  "Each of them was sent once, and when it was not certain whether one had arrived, she asked instead of sending it again.",
  "Strangers were greeted at the door and told, kindly, whom to ask for a key.",
  "Friends had their own chair by the fire, and nobody read their letters but they.",
  "In spring somebody put a clock on the wall, and from then on even the early letters were on time.",
  "And because the house was well kept, it grew old without anybody noticing.",
];

/** A text of about `words` words in paragraphs of four sentences, for watching how a long answer arrives. The same number gives the same text. */
export function longText(words: number): string {
  const paragraphs: string[] = [];
  let [count, index] = [0, 0];
  while (count < words) {
    const sentences: string[] = [];
    for (let i = 0; i < 4 && count < words; i += 1) {
      const sentence = SENTENCES[index % SENTENCES.length] ?? "";
      sentences.push(sentence);
      count += sentence.split(" ").length;
      index += 1;
    }
    paragraphs.push(sentences.join(" "));
  }
  return paragraphs.join("\n\n");
}
