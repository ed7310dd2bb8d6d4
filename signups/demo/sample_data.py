"""Names and texts of generated demo leads."""

FIRST_NAMES = (
    "Ada Aisha Alex Amir Ana Ben Carlos Chen Chloe Dana Daniel David Elena Emma Ethan Fatima Grace Hannah Hugo Ines "
    "Isaac Jack James Jo Jonas José Julia Kai Keisha Laura Leo Lily Lucas Luis Maria Mateo Maya Mei Mia Nadia Noah "
    "Nora Olivia Omar Priya Rosa Ruth Sam Sara Sofía Theo Tom Wei Yusuf Zoë"
)
LAST_NAMES = (
    "Adams Ahmed Baker Bell Brown Carter Chan Clark Cohen Cruz Davis Díaz Edwards Evans Flores Foster García Gómez "
    "Gray Green Hall Harris Hill Hughes Ito Jackson James Johnson Jones Kelly Khan Kim King Lee Lewis López Martin "
    "Miller Moore Müller Nguyen O’Brien Okafor Patel Perez Quinn Ramos Reed Rivera Rossi Scott Shah Silva Singh Smith "
    "Tanaka Taylor Torres Turner Walker Ward White Wilson Wood Wright Young Zhang"
)
FIRST, LAST = FIRST_NAMES.split(), LAST_NAMES.split()
SAMPLE_ZONES = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles")
SAMPLE_STATES = ("NY", "NJ", "CT", "PA", "MA")
SAMPLE_SOURCES = ("", "", "", "newsletter", "search", "referral", "podcast")
CLOSE_REASONS = ("Chose another clinic", "No answer after three tries", "Not now", "Lives too far away")
REFERRAL_ANSWERS = ("From a friend", "A podcast", "My doctor")
SAMPLE_NOTES = ("Prefers mornings.", "Asked for the price list.", "Wants to talk to their family first.")
