namespace RnnService.Demo;

/// <summary>Command lines that repeat what the demo did.</summary>
/// <param name="address">Where the service is.</param>
/// <param name="needsKey">Whether a request wants a key; the line names the variable, never the key.</param>
internal sealed class DemoCurl(string address, bool needsKey)
{
    /// <summary>The line that looks at something.</summary>
    /// <param name="path">Where it is below the API.</param>
    public string Line(string path) => $"curl -s {address}/api/v1/{path}{Key}";

    /// <summary>The line that asks a model.</summary>
    /// <param name="model">Its name.</param>
    /// <param name="verb">What it is asked for, as in the address.</param>
    /// <param name="data">The body, quoted for a shell.</param>
    public string Line(string model, string verb, string data) =>
        $"curl -s {address}/api/v1/models/{model}/{verb}{Key} -H 'Content-Type: application/json' -d {data}";

    private string Key => needsKey ? " -H \"Authorization: Bearer $RnnService__AdminKey\"" : "";
}
