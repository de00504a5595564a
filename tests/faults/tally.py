"""The table: fault class x points tried x survived x lost bytes, gathered piece by piece.

A piece is one class of faults on one command. With a file of results each piece that is done is a line of JSON
in it, and a run that is started again with that file goes on behind the last one."""
import json
import os


class Piece:
    def __init__(self, kind, scenario):
        self.name = kind, scenario
        self.rows = {}
        self.complaints = []
        self.notes = []
        self.sent, self.came, self.all_sent, self.missed = 0, 0, False, 0

    def add(self, word, survived, lost=0, complaint=''):
        row = self.rows.setdefault(word, [0, 0, 0])
        row[0] += 1
        row[1] += bool(survived)
        row[2] += lost
        if not survived:
            self.complaints.append(f'{word}: {complaint}')

    def is_done(self):
        return self.all_sent and self.came == self.sent

    def line(self, whole):
        return json.dumps({'piece': self.name, 'whole': whole, 'rows': self.rows, 'missed': self.missed,
                           'complaints': self.complaints, 'notes': self.notes})


class Tally:
    def __init__(self, path=None):
        self.path = path
        self.pieces = {}  # {name: dictionary of a line}
        self.open = {}
        self.notes = []
        if path and os.path.exists(path):
            for line in open(path):
                found = json.loads(line)
                if found['whole']:
                    self.pieces[tuple(found['piece'])] = found

    def begin(self, kind, scenario):
        """None where it was done before."""
        if (kind, scenario) in self.pieces:
            return None
        return self.open.setdefault((kind, scenario), Piece(kind, scenario))

    def came(self, piece):
        """A result was added."""
        piece.came += 1
        self.end_if_done(piece)

    def end_if_done(self, piece):
        if piece.is_done() and piece.name in self.open:
            self.close(piece, True)

    def close(self, piece, whole):
        del self.open[piece.name]
        line = piece.line(whole)
        self.pieces[piece.name] = json.loads(line)
        if self.path:
            with open(self.path, 'a') as file:
                file.write(line + '\n')

    def close_all(self):
        for piece in list(self.open.values()):
            self.close(piece, False)

    # ---- the table ----

    def rows(self):
        sums = {}
        for piece in self.pieces.values():
            for word, counts in piece['rows'].items():
                sums[word] = [a + b for a, b in zip(sums.get(word, [0, 0, 0]), counts)]
        return sums

    def all_notes(self):
        missed = sum(piece['missed'] for piece in self.pieces.values())
        notes = set(self.notes) | {note for piece in self.pieces.values() for note in piece['notes']}
        if missed:
            notes.add(f'{missed} points were not reached (the command made fewer calls that time, or others in their places)')
        parts = [' '.join(name) for name, piece in self.pieces.items() if not piece['whole']]
        if parts:
            notes.add(f'in part only: {", ".join(sorted(parts))}')
        return sorted(notes)

    def complaints(self):
        return [complaint for piece in self.pieces.values() for complaint in piece['complaints']]

    def markdown(self):
        lines = ['| fault class | points | survived | lost bytes |', '|---|---:|---:|---:|']
        lines += [f'| {word} | {tried} | {survived} | {lost} |' for word, (tried, survived, lost) in self.rows().items()]
        tried, survived, lost = [sum(row[i] for row in self.rows().values()) for i in range(3)]
        lines.append(f'| **all** | **{tried}** | **{survived}** | **{lost}** |')
        return '\n'.join(lines + [''] + [f'- {note}' for note in self.all_notes()]) + '\n'

    def write_table(self, path):
        """PATH.md and PATH.json"""
        with open(path + '.md', 'w') as file:
            file.write(self.markdown())
        with open(path + '.json', 'w') as file:
            json.dump({'rows': [{'class': word, 'points': tried, 'survived': survived, 'lost_bytes': lost}
                                for word, (tried, survived, lost) in self.rows().items()],
                       'notes': self.all_notes(), 'not_survived': self.complaints(),
                       'pieces': [{'class': kind, 'command': scenario, 'whole': piece['whole'],
                                   'points': sum(row[0] for row in piece['rows'].values())}
                                  for (kind, scenario), piece in self.pieces.items()]}, file, indent=1)

    def show(self, log=None):
        rows = self.rows()
        width = max([len(word) for word in rows] + [len('fault class')])
        print(f'{"fault class":{width}}  {"points":>8}  {"survived":>8}  {"lost bytes":>10}')
        for word, (tried, survived, lost) in rows.items():
            print(f'{word:{width}}  {tried:8}  {survived:8}  {lost:10}')
        for note in self.all_notes():
            print(note)
        complaints = self.complaints()
        for complaint in complaints[:40]:
            print('NOT SURVIVED', complaint)
        if len(complaints) > 40:
            print(f'... and {len(complaints) - 40} more')
        if log and complaints:
            with open(log, 'w') as file:
                file.write('\n'.join(complaints) + '\n')
        passed = sum(row[1] for row in rows.values())
        failed = sum(row[0] for row in rows.values()) - passed
        print(f'{passed} passed, {failed} failed')
        return failed == 0 and passed > 0
