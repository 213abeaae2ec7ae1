"""Words and templates of the planted rows: Polish names in three cases, and sentences in other languages."""

CASES = ("nom", "gen", "loc")  # of persons the third is the instrumental

FIRST_NAMES = [
    (n, n + "a", n + "em") for n in ("Jan", "Piotr", "Tomasz", "Adam", "Stefan", "Karol", "Zygmunt", "Roman", "Edmund", "Bernard")
]
FIRST_NAMES += [
    ("Marek", "Marka", "Markiem"),
    ("Paweł", "Pawła", "Pawłem"),
    ("Ludwik", "Ludwika", "Ludwikiem"),
    ("Józef", "Józefa", "Józefem"),
]
LAST_NAMES = [
    (f"{n}i", f"{n}iego", f"{n}im")
    for n in (
        "Wiśniewsk",
        "Zielińsk",
        "Lewandowsk",
        "Dąbrowsk",
        "Kozłowsk",
        "Szymańsk",
        "Jankowsk",
        "Wojciechowsk",
        "Kwiatkowsk",
        "Grabowsk",
    )
]
LAST_NAMES += [(n, n + "a", n + "em") for n in ("Mazur", "Kaczor", "Bednarz", "Głowacz", "Sikor")]
LAST_NAMES += [(n, n + "a", n + "iem") for n in ("Nowak", "Wójcik", "Krawczyk", "Wróblik", "Stolarczyk")]
CITIES = [
    ("Kraków", "Krakowa", "Krakowie"),
    ("Gdańsk", "Gdańska", "Gdańsku"),
    ("Poznań", "Poznania", "Poznaniu"),
    ("Toruń", "Torunia", "Toruniu"),
    ("Lublin", "Lublina", "Lublinie"),
    ("Rzeszów", "Rzeszowa", "Rzeszowie"),
    ("Szczecin", "Szczecina", "Szczecinie"),
    ("Zamość", "Zamościa", "Zamościu"),
    ("Przemyśl", "Przemyśla", "Przemyślu"),
    ("Sandomierz", "Sandomierza", "Sandomierzu"),
    ("Tarnów", "Tarnowa", "Tarnowie"),
    ("Cieszyn", "Cieszyna", "Cieszynie"),
]
TITLES = [city[0] for city in CITIES if len(city[0]) > 5] + ["Jan Nowak", "Zegar słoneczny", "Ulica Długa", "Klasztor"]
# Names that are doubled by themselves: no form tells a short one from a doubled title.
DOUBLE_NAMES = ["Duran", "Pago", "Bora", "Walla", "Talk", "Sirte"]
LISTS = {
    "craft": ["kowala", "zegarmistrza", "młynarza", "bednarza", "tkacza", "drukarza", "ogrodnika", "piekarza", "rybaka", "nauczyciela"],
    "object": ["zegary", "kufry", "świeczniki", "lutnie", "kafle", "ramy", "dzwony", "wagi", "globusy", "zamki", "siodła", "witraże"],
    "material": ["dębu", "mosiądzu", "szkła", "gliny", "skóry", "cyny", "bursztynu", "żelaza", "jesionu", "porcelany"],
    "street": ["Długiej", "Szewskiej", "Krótkiej", "Ogrodowej", "Kamiennej", "Młyńskiej", "Zamkowej", "Rybackiej", "Lipowej", "Wodnej"],
    "adjective": ["ozdobny", "skromny", "ciężki", "lekki", "wielobarwny", "pękaty", "złocony", "sękaty", "gładki", "wysoki"],
    "work": ["ołtarz", "obraz", "rękopis", "posąg", "zegar", "kalendarz", "modlitewnik", "instrument", "herbarz", "kielich"],
    "institution": ["muzeum", "archiwum", "gimnazjum", "bractwo", "kolegium", "seminarium", "towarzystwo", "starostwo"],
    "virtue": ["uczciwego", "małomównego", "pogodnego", "upartego", "dowcipnego", "oszczędnego", "gościnnego", "odważnego"],
    "region": ["Mazurach", "Podolu", "Kujawach", "Roztoczu", "Pomorzu", "Śląsku", "Podhalu", "Polesiu", "Kaszubach", "Mazowszu"],
    "thing": ["motyle", "zioła", "monety", "kamienie", "pieśni", "podania", "mapy", "nasiona", "pióra", "muszle", "ryciny"],
    "hobby": ["numizmatyki", "botaniki", "astronomii", "szachów", "śpiewu", "pszczelarstwa", "heraldyki", "wioślarstwa"],
    "saint": ["Jakuba", "Marcina", "Mikołaja", "Wojciecha", "Barbary", "Katarzyny", "Floriana", "Idziego"],
    "season": ["Wiosną", "Latem", "Jesienią", "Zimą"],
}
SENTENCES = [
    "Urodził się w {city_loc} w {year} roku jako trzeci syn {craft} i wnuk {craft}.",
    "W {year} roku {person_nom} otworzył w {city_loc} warsztat, w którym wyrabiał {object} oraz {object} z {material}.",
    "Miejscowa kronika podaje, że {person_nom} uczył się rzemiosła u starego {craft} przy ulicy {street}.",
    "Najbardziej znanym jego dziełem jest {adjective} {work}, który powstał w {year} roku dla miasta {city_nom}.",
    "Po powrocie z {city_gen} pisał długie listy, które dziś przechowuje {institution} przy ulicy {street}.",
    "Dom rodzinny {person_gen} wzniesiono w {year} roku z cegły, {material} i {material}.",
    "Mieszkańcy {city_gen} wspominali go po latach jako człowieka {virtue}, {virtue} i niezwykle pracowitego.",
    "{season} razem z {person_loc} wędrował po {region}, zbierając {thing}, {thing} oraz stare opowieści.",
    "Zbiór liczy {number} okazów, a wśród nich wyróżnia się {adjective} {work} z {year} roku.",
    "Wystawę w {city_loc} obejrzało w ciągu {number} dni ponad {number} osób, wśród nich {person_nom}.",
    "Zmarł nagle w {city_loc} w {year} roku i spoczął na cmentarzu przy kościele świętego {saint}.",
    "Uczniowie {person_gen} prowadzili dalej jego pracownię i założyli w {city_loc} kółko miłośników {hobby}.",
    "Według spisu z {year} roku {institution} w {city_loc} kupiło od niego {object} za {number} talarów.",
    "Późniejszy właściciel, {person_nom}, sprzedał większą część pamiątek i przeniósł się na stałe do {city_gen}.",
]
VERBS = ("otworzył", "uczył", "pisał", "wędrował", "obejrzało", "spoczął", "założyli", "kupiło", "sprzedał", "wspominali")
QUESTIONS = [
    "W którym roku {person_nom} otworzył w {city_loc} warsztat, gdzie wyrabiał {object}?",
    "Jak nazywał się {adjective} {work}, który {person_nom} wykonał dla {city_gen}?",
    "Gdzie {person_nom} kupował {object} z {material} przed wyjazdem do {city_gen}?",
    "Dlaczego {person_nom} przeniósł pracownię z {city_gen} na ulicę przy {street}?",
    "Kto uczył rzemiosła {person_gen}, syna {craft} mieszkającego dawniej w {city_loc}?",
    "Ile kosztował {adjective} {work}, który w {year} roku nabył {person_nom}?",
    "Z kim {person_nom} wędrował po {region}, gdy zbierał {thing}?",
    "Które {institution} przechowuje {thing}, jakie {person_nom} przywiózł z {city_gen}?",
]
SHORT_QUESTIONS = [
    "Kim jest {}?",
    "Kto to {}?",
    "Czym jest {}?",
    "Co to jest {}?",
    "Gdzie jest {}?",
    "Z czego znany jest {}?",
    "Ile lat ma {}?",
    "Skąd pochodzi {}?",
    "Kiedy powstał {}?",
    "Jak powstał {}?",
]
FOREIGN_NAMES = [
    *(
        "Giuseppe Verdi",
        "Youssou N'Dour",
        "Ouagadougou",
        "Rio de Janeiro",
        "Johann Sebastian Bach",
        "Kuala Lumpur",
        "Reykjavik",
        "Titicaca",
    ),
    *(
        "Haruki Murakami",
        "Lech Poznan",
        "Dublin Castle",
        "Notre Dame",
        "Central Park",
        "Los Angeles Lakers",
        "Fernando Alonso",
        "Kilimandżaro",
    ),
    *("Ludwig van Beethoven", "Big Ben", "Machu Picchu", "Che Guevara", "Benito Mussolini", "Ho Chi Minh", "Nelson Mandela", "Abu Dhabi"),
    *("sonata", "barok", "gotyk", "kwark", "neutron", "bazalt", "kondor", "lemur", "tukan", "marabut", "okapi", "rabarbar", "bakterioza"),
    *("Deep Purple", "Pink Floyd", "Red Hot Chili Peppers", "Iron Maiden", "Star Trek", "Blade Runner", "Pulp Fiction", "Twin Peaks"),
    *("San Marino", "Liechtenstein", "Kota Kinabalu", "Addis Abeba", "Buenos Aires", "Baton Rouge", "Santa Fe", "Saint Louis", "Le Mans"),
    *(
        "Marco Polo",
        "Vasco da Gama",
        "Al Capone",
        "Bruce Lee",
        "Jan Hus",
        "Karl Marx",
        "Max Planck",
        "Niels Bohr",
        "Paul Dirac",
        "Alan Turing",
    ),
]
FOREIGN = {
    "English": [
        "The town hall of {city} was rebuilt in {year} after a fire that had destroyed most of the market square.",
        "Every summer thousands of visitors come to {city} to listen to concerts in the old castle.",
        "Scientists believe that the river changed its course at least three times before {year}.",
        "The library holds a large collection of maps, letters and drawings that were made in {year}.",
    ],
    "German": [
        "Das Rathaus von {city} wurde im Jahr {year} nach einem Brand wieder aufgebaut und ist heute ein Museum.",
        "Jeden Sommer kommen viele Besucher nach {city}, um die Konzerte im alten Schloss zu hören.",
        "Die Bibliothek besitzt eine große Sammlung von Karten und Briefen aus dem Jahr {year}.",
        "Der Fluss hat seinen Lauf mindestens dreimal verändert, zuletzt im Jahr {year}.",
    ],
    "Czech": [
        "Radnice ve městě {city} byla v roce {year} po požáru znovu postavena a dnes je v ní muzeum.",
        "Každé léto přijíždějí do města {city} tisíce návštěvníků, aby si poslechli koncerty na starém zámku.",
        "Knihovna má velkou sbírku map, dopisů a kreseb, které vznikly v roce {year}.",
        "Vědci se domnívají, že řeka změnila svůj tok nejméně třikrát před rokem {year}.",
    ],
    "Slovak": [
        "Radnica v meste {city} bola v roku {year} po požiari znovu postavená a dnes je v nej múzeum.",
        "Každé leto prichádzajú do mesta {city} tisíce návštevníkov, aby si vypočuli koncerty na starom zámku.",
        "Knižnica má veľkú zbierku máp, listov a kresieb, ktoré vznikli v roku {year}.",
        "Vedci sa domnievajú, že rieka zmenila svoj tok najmenej trikrát pred rokom {year}.",
    ],
    "Ukrainian": [
        "Ратушу міста {city} відбудували у {year} році після пожежі, а сьогодні в ній працює музей.",
        "Щоліта тисячі гостей приїжджають до міста {city}, щоб послухати концерти у старому замку.",
        "Бібліотека зберігає велику колекцію карт, листів і малюнків, створених у {year} році.",
        "Учені вважають, що річка змінила своє русло щонайменше тричі до {year} року.",
    ],
    "French": [
        "L'hôtel de ville de {city} a été reconstruit en {year} après un incendie qui avait détruit la place du marché.",
        "Chaque été, des milliers de visiteurs viennent à {city} pour écouter des concerts dans le vieux château.",
        "La bibliothèque possède une grande collection de cartes, de lettres et de dessins réalisés en {year}.",
        "Les savants pensent que la rivière a changé de cours au moins trois fois avant {year}.",
    ],
    "Spanish": [
        "El ayuntamiento de {city} fue reconstruido en {year} después de un incendio que destruyó la plaza del mercado.",
        "Cada verano miles de visitantes llegan a {city} para escuchar conciertos en el antiguo castillo.",
        "La biblioteca guarda una gran colección de mapas, cartas y dibujos que se hicieron en {year}.",
        "Los científicos creen que el río cambió su curso al menos tres veces antes de {year}.",
    ],
    "Croatian": [
        "Gradska vijećnica u gradu {city} obnovljena je {year}. godine nakon požara i danas je u njoj muzej.",
        "Svakog ljeta tisuće posjetitelja dolaze u grad {city} kako bi slušali koncerte u starom dvorcu.",
        "Knjižnica čuva veliku zbirku karata, pisama i crteža koji su nastali {year}. godine.",
        "Znanstvenici vjeruju da je rijeka barem tri puta promijenila svoj tok prije {year}. godine.",
    ],
}
