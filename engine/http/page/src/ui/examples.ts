/** Texts to begin with. */

export interface Example {
  title: string;
  name: string;
  text: string;
}

export const EXAMPLES: Example[] = [
  {
    title: 'A letter',
    name: 'letter.txt',
    text: `Dear Anna,

thank you for your letter. The weather here has been ____ since Monday, and the children are ____ in the garden all day.

We would be glad if you came to see us ____. There is plenty of room in the house, and the ____ is only a short walk away.

Yours,
Peter
`,
  },
  {
    title: 'Python',
    name: 'box.py',
    text: `class Box:
    """A box, by the lengths of its sides."""

    def __init__(self, width, height, depth):
        self.width = width
        self.height = height
        self.depth = ____

    def volume(self):
        return self.width * self.height * ____

    def scaled(self, factor):
        """Another box of the same shape."""
        width = self.width * factor
        height = self.height * ____
        depth = self.depth * factor
        return Box(width, height, ____)
`,
  },
];
