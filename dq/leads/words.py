"""Words that invented leads are made of. Companies and domains are compounds of made-up stems, so they are nobody's."""

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
AREA_CODES = tuple(str(code) for code in range(201, 990) if code % 100 != 11)
NOTES = (
    "Met at the spring fair.", "Asked for a price list.", "Prefers to be called in the morning.",
    "**Budget** is decided in autumn.", "Knows our product from a former employer.",
)  # fmt: skip
