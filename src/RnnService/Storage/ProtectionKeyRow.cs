namespace RnnService.Storage;

/// <summary>A key of ASP.NET Core Data Protection.</summary>
internal sealed class ProtectionKeyRow
{
    /// <summary>Grows with every row.</summary>
    public long Id { get; set; }

    /// <summary>The name Data Protection gave it.</summary>
    public required string Name { get; set; }

    /// <summary>The key, as Data Protection writes it.</summary>
    public required string Xml { get; set; }
}
