using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace RnnService.Storage;

/// <summary>Gives times read from SQLite, which keeps no kind, back as UTC.</summary>
internal sealed class UtcDateTime() : ValueConverter<DateTime, DateTime>(
    value => value, value => DateTime.SpecifyKind(value, DateTimeKind.Utc));
