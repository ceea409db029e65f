"""What a city's bike share wants to know about its stations and trips."""
