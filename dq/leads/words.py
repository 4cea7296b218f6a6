"""Words that invented leads are made of. Companies and domains are compounds of made-up stems, so they are nobody's."""

import re

FIRST_NAMES = (
    "Aaron", "Adele", "Alma", "Amir", "Anita", "Anders", "Bianca", "Bruno", "Carla", "Cedric", "Chloe", "Clara", "Dana",
    "Daniel", "Diego", "Edith", "Elena", "Elif", "Emil", "Erik", "Esther", "Farah", "Felix", "Fiona", "Gabriel", "Grace",
    "Hanna", "Hugo", "Ida", "Ines", "Ivan", "Jonas", "Julia", "Karim", "Katherine", "Lars", "Laura", "Leo", "Lucia",
    "Marco", "Maya", "Michael", "Mina", "Nadia", "Noah", "Olga", "Oscar", "Paula", "Pedro", "Priya", "Rafael", "Renée",
    "Robert", "Rosa", "Samuel", "Sofia", "Søren", "Tara", "Thomas", "Vera", "Victor", "William", "Yara", "Zoë",
)  # fmt: skip
LAST_NAMES = (
    "Abbott", "Acosta", "Almeida", "Andersen", "Baker", "Barros", "Becker", "Bishop", "Borg", "Brandt", "Calloway",
    "Castillo", "Chen", "Costa", "Dahl", "Delgado", "Dubois", "Duarte", "Eklund", "Falk", "Ferreira", "Fischer", "Fleming",
    "Fournier", "Gallagher", "Garcia", "Gruber", "Haas", "Halvorsen", "Hartley", "Herrera", "Holm", "Ibrahim", "Jansen",
    "Johansson", "Kaplan", "Keller", "Khan", "Kowalski", "Kumar", "Lambert", "Larsen", "Lindqvist", "Lopez", "MacKenzie",
    "Marchetti", "Martin", "Mensah", "Meyer", "Morales", "Moreau", "Müller", "Nakamura", "Navarro", "Nguyen", "Nolan",
    "Novak", "O'Connor", "Okafor", "Olsen", "Ortega", "Park", "Patel", "Pereira", "Petrov", "Quinn", "Ramirez", "Reyes",
    "Richter", "Romano", "Rossi", "Santos", "Sato", "Schmidt", "Silva", "Singh", "Stone", "Suzuki", "Tanaka", "Thompson",
    "Torres", "Vance", "Van der Berg", "Vargas", "Vogel", "Wagner", "Walsh", "Weber", "Whitfield", "Yilmaz", "Zhang",
)  # fmt: skip
NICKNAMES = {"Daniel": "Dan", "Gabriel": "Gabe", "Katherine": "Kate", "Michael": "Mike", "Robert": "Bob", "Samuel": "Sam", "Thomas": "Tom", "Victor": "Vic", "William": "Bill"}  # fmt: skip

GIVEN_MARKED = (
    "José", "María", "André", "Björn", "François", "Jürgen", "Zoë", "Renée", "Søren", "Łukasz", "Chloé", "Jörg", "Małgorzata",
    "Günther", "Jesús", "Ángel", "Óscar", "Inés", "Mónica", "Raúl", "Sébastien", "Hélène", "Frédéric", "Jérôme", "Céline",
    "Aurélie", "Gaël", "Noémie", "Loïc", "Benoît", "Stéphane", "Grégory", "Åsa", "Göran", "Håkan", "Jørgen", "Bjørn", "Øyvind",
    "Tomáš", "Jiří", "Ondřej", "Lukáš", "Zdeněk", "Mária", "Ján", "László", "Zoltán", "István", "Gábor", "Krisztián",
    "Ştefan", "João", "Luís", "Gonçalo", "Zé", "Inês", "Sérgio", "Mário", "Özgür", "Gülşen", "İbrahim", "Çağla",
    "Joaquín", "Martín", "Iván", "Andrés", "Sofía", "Lucía", "Nicolás", "Tomás", "Agnès", "Thérèse", "Käthe", "Jānis",
)  # fmt: skip
SURNAMES_MARKED = (
    "García", "Müller", "Rodríguez", "Martínez", "Hernández", "López", "González", "Pérez", "Sánchez", "Ramírez", "Gómez",
    "Díaz", "Schäfer", "Köhler", "König", "Krüger", "Schröder", "Jäger", "Groß", "Weiß", "Günther", "Böhm", "Vögel",
    "Jørgensen", "Sørensen", "Møller", "Østergaard", "Åkesson", "Sjöberg", "Lindström", "Bergström", "Öberg", "Håkansson",
    "Björk", "Söderberg", "Nyström", "Hämäläinen", "Mäkinen", "Lefèvre", "Bérard", "Gérard", "Chrétien", "Béranger",
    "Côté", "Levêque", "Françoise", "Desprès", "Novák", "Dvořák", "Černý", "Procházka", "Kučera", "Růžička", "Horváth",
    "Kovács", "Tóth", "Szabó", "Vargáné", "Zając", "Wójcik", "Kamiński", "Zieliński", "Szymański", "Woźniak",
    "Dąbrowski", "Kozłowski", "Jabłoński", "Wiśniewski", "Petrović", "Jovanović", "Nikolić", "Marković", "Đorđević",
    "Kovačević", "Băsescu", "Țiriac", "Conceição", "Gonçalves", "Simões", "Magalhães", "Brandão", "Araújo",
    "Y\N{LATIN SMALL LETTER DOTLESS I}lmaz", "Şahin", "Öztürk", "Çelik", "Güneş", "Doğan", "Ibáñez", "Núñez", "Muñoz", "Jiménez", "Fernández", "Vázquez",
    "Peña", "Ordóñez", "Béliveau", "Bélanger", "Hébert", "Lévesque", "Pálsson", "Guðmundsson", "Jónsdóttir", "Bērziņš",
)  # fmt: skip
ONSETS = (
    "Ab", "Ad", "Al", "Am", "An", "Ar", "As", "Bal", "Ban", "Bar", "Bel", "Ber", "Bir", "Bol", "Bor", "Bran", "Bre", "Bru",
    "Bul", "Cal", "Can", "Car", "Cas", "Chal", "Char", "Cor", "Cran", "Dal", "Dar", "Del", "Den", "Dor", "Dra", "Dun", "El",
    "Em", "Er", "Fal", "Far", "Fen", "Fer", "Fin", "Fol", "Fran", "Gal", "Gan", "Gar", "Gel", "Ger", "Gil", "Gor", "Gra",
    "Gren", "Gul", "Hal", "Ham", "Han", "Har", "Has", "Hel", "Hen", "Her", "Hol", "Hor", "Hul", "Il", "Is", "Jan", "Jar",
    "Jor", "Kal", "Kam", "Kar", "Kas", "Kel", "Ker", "Kin", "Kol", "Kor", "Kra", "Kul", "Lan", "Lar", "Len", "Lin", "Lor",
    "Lun", "Mal", "Man", "Mar", "Mas", "Mel", "Men", "Mer", "Mil", "Mon", "Mor", "Nad", "Nal", "Nar", "Nel", "Nor", "Ol",
    "Or", "Os", "Pal", "Par", "Pas", "Pel", "Per", "Pol", "Por", "Pra", "Quil", "Ral", "Ran", "Ras", "Rem", "Ren", "Ris",
    "Rol", "Ros", "Rud", "Sal", "San", "Sar", "Sel", "Ser", "Sil", "Sol", "Sor", "Stan", "Stein", "Sten", "Sul", "Tal",
    "Tam", "Tar", "Tel", "Ter", "Tol", "Tor", "Tran", "Tur", "Ul", "Val", "Van", "Var", "Ver", "Vil", "Vol", "Wal", "War",
    "Wen", "Wil", "Win", "Wol", "Yar", "Zal", "Zam", "Zel", "Zim",
)  # fmt: skip
MIDDLES = (
    "a", "e", "i", "o", "u", "ab", "ad", "ag", "al", "am", "an", "ar", "as", "av", "ek", "el", "en", "er", "es", "ev", "ib",
    "id", "il", "im", "in", "is", "ol", "on", "or", "os", "ov", "ul", "um", "un", "ur",
)  # fmt: skip
SURNAME_ENDINGS = (
    "berg", "bach", "ström", "dorf", "feld", "mann", "stein", "wald", "hoff", "burg", "meier", "hauser", "sky", "ski",
    "wicz", "ov", "enko", "chuk", "ić", "ez", "eira", "ino", "ini", "etti", "elli", "ano", "one", "oux", "eau", "ard",
    "ert", "let", "ton", "ham", "ley", "wood", "field", "well", "worth", "by", "den", "gaard", "sen", "son", "lund",
    "quist", "dal", "holm", "vik", "nen", "oglu", "yan", "adze", "idis", "poulos", "akis", "swamy", "nathan", "kar",
    "wala", "moto", "yama", "shita", "hara", "kawa", "mura", "escu", "eanu", "ák", "ský",
)  # fmt: skip
"""Onset, middle and ending make a rare surname."""
BRAND_ENDINGS = ("ix", "ora", "ium", "ex", "ika", "ano", "ent", "ous", "yx", "aro", "eon", "ify", "ware", "tec", "via", "co")  # fmt: skip
ADJECTIVES = (
    "Advanced", "Allied", "Alpine", "Apex", "Atlantic", "Blue Ridge", "Bright", "Central", "Coastal", "Crown", "Eastern",
    "Evergreen", "First", "Global", "Golden Gate", "Granite", "Great Lakes", "Green", "Heritage", "Horizon", "Keystone",
    "Liberty", "Metro", "Midwest", "National", "Nordic", "Northern", "Pacific", "Pinnacle", "Pioneer", "Prime", "Quality",
    "Red Oak", "Silver", "Southern", "Sterling", "Summit", "Superior", "Trinity", "Tri-State", "United", "Universal",
    "Valley", "Vanguard", "Western",
)  # fmt: skip
UMBRELLAS = ("Group", "Holdings", "Partners", "Industries", "Associates", "& Sons", "Brothers", "International")
MAILBOXES = ("info", "sales", "contact", "office", "hello", "admin", "support")
MAIL_PROVIDERS = ("gmail.com", "gmail.com", "gmail.com", "yahoo.com", "outlook.com", "hotmail.com", "icloud.com", "gmx.net")  # fmt: skip
PLACEHOLDER_ADDRESSES = ("test@test.com", "none@none.com", "n/a", "noemail@example.com")
PLACEHOLDER_NUMBERS = ("000-000-0000", "n/a", "1234567890")

STEMS = (
    "Alvo", "Brel", "Casta", "Dorn", "Elvi", "Fenn", "Garo", "Halc", "Ister", "Jura", "Kolt", "Lumo", "Mirr", "Noro",
    "Ovel", "Perri", "Quen", "Rost", "Sarn", "Tarn", "Ulmo", "Vant", "Wyre", "Xalo", "Yndra", "Zephi", "Ambro", "Belt",
    "Corv", "Drava", "Esko", "Fjora", "Glind", "Hesta", "Ilmo", "Jask", "Kerna", "Lyst", "Marl", "Nexo",
)  # fmt: skip
ENDINGS = (
    "bark", "cor", "dale", "den", "field", "gate", "hull", "key", "land", "mark", "mere", "nor", "pell", "quil", "ric",
    "rook", "sen", "soft", "stead", "strom", "tas", "tide", "tron", "vale", "van", "vik", "ward", "well", "wick", "yard",
)  # fmt: skip
SECTORS = (
    "Analytics", "Advisors", "Automation", "Bakery", "Biotech", "Brands", "Capital", "Cargo", "Ceramics", "Clinics",
    "Components", "Consulting", "Controls", "Dental", "Design", "Digital", "Dynamics", "Electric", "Energy",
    "Engineering", "Farms", "Fitness", "Foods", "Freight", "Health", "Homes", "Hotels", "Instruments", "Insurance",
    "Interiors", "Labs", "Legal", "Lighting", "Logistics", "Machines", "Marine", "Materials", "Media", "Metals",
    "Mobility", "Networks", "Optics", "Packaging", "Partners", "Pharma", "Plastics", "Printing", "Properties", "Rail",
    "Research", "Robotics", "Security", "Solar", "Sports", "Studios", "Supply", "Systems", "Textiles", "Timber", "Travel",
)  # fmt: skip
LEGAL_FORMS = ("Inc.", "LLC", "Ltd.", "GmbH", "Corp.", "B.V.", "AB", "S.L.")
FORM_SPELLINGS = {"Inc.": "Incorporated", "LLC": "L.L.C.", "Ltd.": "Limited", "GmbH": "gmbh", "Corp.": "Corporation", "B.V.": "BV", "AB": "A.B.", "S.L.": "SL"}  # fmt: skip
"""A form → another way to write it."""
TOP_DOMAINS = ("com", "com", "com", "io", "co", "net", "eu")
TITLES = (
    "Account Executive", "Chief Executive Officer", "Chief Financial Officer", "Chief Technology Officer",
    "Customer Success Manager", "Director of Marketing", "Director of Operations", "Engineering Manager", "Founder",
    "Head of Design", "Head of People", "Head of Procurement", "IT Manager", "Managing Director", "Marketing Manager",
    "Operations Manager", "Partner", "Plant Manager", "Product Manager", "Quality Manager", "Research Lead",
    "Sales Director", "Sales Manager", "Senior Buyer", "Software Engineer", "VP Engineering", "VP Sales",
)  # fmt: skip
STATUSES = ("auto_send", "manual_review", "contacted", "responded")
STATUS_SYNONYMS = {"auto_send": "automatic", "manual_review": "needs review", "contacted": "emailed", "responded": "replied"}  # fmt: skip
AREA_CODES = tuple(
    re.findall(
        "[0-9]{3}",
        """
    201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 220 223 224 225 227 228 229 231 234 235
    239 240 248 251 252 253 254 256 260 262 267 269 270 272 274 276 279 281 283 301 302 303 304 305 307 308 309
    310 312 313 314 315 316 317 318 319 320 321 323 324 325 326 327 329 330 331 332 334 336 337 339 341 346 347
    350 351 352 353 360 361 363 364 369 380 385 386 401 402 404 405 406 407 408 409 410 412 413 414 415 417 419
    423 424 425 430 432 434 435 440 442 443 445 447 448 458 463 464 469 470 472 475 478 479 480 484 501 502 503
    504 505 507 508 509 510 512 513 515 516 517 518 520 530 531 534 539 540 541 551 557 559 561 562 563 564 567
    570 571 572 573 574 575 580 582 585 586 601 602 603 605 606 607 608 609 610 612 614 615 616 617 618 619 620
    623 626 628 629 630 631 636 640 641 645 646 650 651 656 657 659 660 661 662 667 669 678 680 681 682 686 689
    701 702 703 704 706 707 708 712 713 714 715 716 717 718 719 720 724 725 726 727 728 730 731 732 734 737 738
    740 743 747 748 754 757 760 762 763 765 769 770 771 772 773 774 775 779 781 785 786 801 802 803 804 805 806
    808 810 812 813 814 815 816 817 818 820 821 826 828 830 831 832 835 838 839 840 843 845 847 848 850 854 856
    857 858 859 860 862 863 864 865 870 872 878 901 903 904 906 907 908 909 910 912 913 914 915 916 917 918 919
    920 925 928 929 930 931 934 936 937 938 940 941 943 945 947 948 949 951 952 954 956 959 970 971 972 973 975
    978 979 980 983 984 985 986 989
        """,
    )
)
"""Those that the United States have given out: other numbers are no numbers."""
NOTES = (
    "Met at the spring fair.", "Asked for a price list.", "Prefers to be called in the morning.",
    "**Budget** is decided in autumn.", "Knows our product from a former employer.",
)  # fmt: skip
