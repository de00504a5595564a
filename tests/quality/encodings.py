#!/usr/bin/env python3
"""How often tamis-ingest finds the encoding of a text by itself, by what it decodes to.

    tests/quality/encodings.py BUILD [--check]

Twenty languages in the encodings they are found in, as a small table and as one line of it. A text is
right when it is the text that was encoded, whatever name the encoding was given. --check fails below
the shares that were reached before. Standard library only.
"""
import json
import os
import subprocess
import sys
import tempfile

build = sys.argv[1]
UNICODE = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]
LEAST = {"table": 100, "line": 99}  # of all, in percent
ENCODINGS = {
    "en": ["cp1252"], "de": ["cp1252", "iso-8859-1"], "fr": ["cp1252"], "es": ["cp1252", "iso-8859-1"],
    "pl": ["cp1250", "iso-8859-2"], "cs": ["cp1250"], "hu": ["cp1250", "iso-8859-2"],
    "ru": ["cp1251", "koi8-r", "iso-8859-5", "cp866", "mac-cyrillic"], "uk": ["cp1251"],
    "el": ["cp1253", "iso-8859-7"], "tr": ["cp1254", "iso-8859-9"], "he": ["cp1255"], "ar": ["cp1256"],
    "th": ["cp874"], "lt": ["cp1257"], "vi": [],
    "ja": ["cp932", "euc-jp", "iso-2022-jp"], "zh": ["gb18030"], "tw": ["big5"], "ko": ["euc-kr"],
}
TEXTS = {
    "en": """Name,Price,Comment
Smith,£5.98,“limit — exceeded”
Jones,€24,café au lait’s fine
Brown,7,naïve résumé
""",
    "de": """Name,Straße,Ort
Müller,Hauptstraße 5,Köln
Größer,Bäckerweg 7,Düsseldorf
Özdemir,Am Übergang 3,Nürnberg
""",
    "fr": """nom,ville,remarque
Lefèvre,Orléans,très bien reçu à l’hôtel
Gérard,Besançon,où êtes-vous allé cet été
""",
    "es": """nombre,ciudad,nota
Muñoz,Málaga,¿Dónde está el niño? ¡Mañana!
Peña,León,corazón y canción
""",
    "pl": """imię,miasto,uwagi
Łukasz,Łódź,źdźbło trawy i gęś
Święty,Kraków,zażółć gęślą jaźń
Jędrzej,Gdańsk,proszę przyjść później
""",
    "cs": """jméno,město,poznámka
Jiří,Plzeň,příliš žluťoučký kůň úpěl ďábelské ódy
Štěpán,Ústí,děkuji za včerejší večeři
""",
    "hu": """név,város,megjegyzés
Árvíztűrő,Győr,árvíztűrő tükörfúrógép
Őri,Szűcs,köszönöm szépen a segítséget és a jó időt
""",
    "ru": """имя,город,заметка
Иван,Москва,съешь же ещё этих мягких французских булок
Анна,Казань,доброе утро и хорошего дня
""",
    "uk": """ім'я,місто,нотатка
Іван,Київ,щастя їжак ґава єдність
Олена,Львів,добрий день як справи
""",
    "el": """όνομα,πόλη,σημείωση
Γιώργος,Αθήνα,ξεσκεπάζω την ψυχοφθόρα βδελυγμία
Μαρία,Θεσσαλονίκη,καλημέρα σας και καλή χρονιά
""",
    "tr": """isim,şehir,not
Çağlar,İstanbul,pijamalı hasta yağız şoföre çabucak güvendi
Şule,Eskişehir,bugün hava çok güzel değil mi
""",
    "he": """שם,עיר,הערה
דוד,ירושלים,דג סקרן שט בים מאוכזב ולפתע מצא חברה
שרה,חיפה,בוקר טוב ושבוע טוב לכולם
""",
    "ar": """اسم,مدينة,ملاحظة
محمد,القاهرة,نص حكيم له سر قاطع وذو شأن عظيم
فاطمة,بغداد,صباح الخير والسلام عليكم
""",
    "th": """ชื่อ,เมือง,หมายเหตุ
สมชาย,กรุงเทพ,เป็นมนุษย์สุดประเสริฐเลิศคุณค่า
สมหญิง,เชียงใหม่,สวัสดีตอนเช้าทุกคน
""",
    "ja": """名前,都市,備考
山田太郎,東京,いろはにほへと ちりぬるを わかよたれそ
鈴木花子,大阪,今日は天気がとても良いですね
""",
    "zh": """姓名,城市,备注
王小明,北京,我能吞下玻璃而不伤身体
李华,上海,今天的天气非常好我们去公园吧
""",
    "tw": """姓名,城市,備註
王小明,臺北,我能吞下玻璃而不傷身體
李華,高雄,今天的天氣非常好我們去公園吧
""",
    "ko": """이름,도시,비고
김철수,서울,키스의 고유조건은 입술끼리 만나야 하고
이영희,부산,오늘은 날씨가 아주 좋습니다
""",
    "vi": """tên,thành phố,ghi chú
Nguyễn,Hà Nội,con đường tơ lụa rất đẹp và dài
Trần,Đà Nẵng,xin chào các bạn buổi sáng
""",
    "lt": """vardas,miestas,pastaba
Žydrūnas,Šiauliai,įlinkdama fechtuotojo špaga sublykčiojusi pragręžė apvalų arbūzą
""",
}


def samples():
    """(file name, size, language, encoding, text)"""
    for language, text in TEXTS.items():
        for encoding in ENCODINGS[language] + UNICODE:
            for size, part in (("table", text), ("line", text.splitlines()[1] + "\n")):
                yield f"{language}.{encoding}.{size}", size, language, encoding, part


def decoded(folder):
    ingest = [os.path.join(build, "ingest", "tamis-ingest"), "-q", "--no-store", "--format", "text"]
    cat = [os.path.join(build, "features", "tamis-features"), "cat", "-", "--format", "jsonl"]
    stream = subprocess.run(ingest + ["--max-rejects", "100%", folder], stdout=subprocess.PIPE).stdout
    lines = subprocess.run(cat, input=stream, stdout=subprocess.PIPE).stdout.decode()
    rows = [json.loads(line) for line in lines.splitlines()]
    return {row["path"]: (row["text"], row["encoding"]) for row in rows}


def main():
    truth, right, counts, wrong = {}, {}, {}, []
    with tempfile.TemporaryDirectory() as folder:
        for name, size, language, encoding, text in samples():
            octets = text.encode(encoding, "replace")
            truth[name] = (size, octets.decode(encoding))
            with open(os.path.join(folder, name), "wb") as file:
                file.write(octets)
        found = decoded(folder)
    for name, (size, text) in truth.items():
        counts[size] = counts.get(size, 0) + 1
        same = found.get(name, (None, "rejected"))[0] == text
        right[size] = right.get(size, 0) + same
        if not same:
            wrong.append(f"{name}: read as {found.get(name, (None, 'a reject'))[1]}")
    print("\n".join(wrong))
    short = False
    for size, count in counts.items():
        share = 100 * right[size] / count
        print(f"{size}: {right[size]} of {count} right, {share:.1f} %")
        short = short or share < LEAST[size]
    return "--check" in sys.argv and short


sys.exit(main())
