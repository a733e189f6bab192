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
    name: 'shapes.py',
    text: `class Rectangle:
    """A rectangle with sides of a length."""

    def __init__(self, width, height):
        self.width = width
        self.height = ____

    def area(self):
        return ____

    def scale(self, factor):
        self.width = self.width * factor
        ____

    def __repr__(self):
        return f"Rectangle({self.width}, ____)"
`,
  },
];
